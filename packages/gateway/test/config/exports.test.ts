import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/config/error.ts'
import { loadConfig } from '../../src/config/load.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-exports-'))
  for (const name of ['policies', 'archive']) mkdirSync(join(folder, name))
  for (const name of ['siem-ca.pem', 'cert.pem', 'key.pem']) writeFileSync(join(folder, name), 'pem')
})
afterEach(() => rmSync(folder, { recursive: true }))

function load(yaml: string) {
  const file = join(folder, 'countersign.yaml')
  writeFileSync(file, yaml)
  return loadConfig(file, { SIEM_WEBHOOK_SECRET: 'whsec_canary' }).exports
}

function problemsOf(yaml: string): readonly string[] {
  try {
    load(yaml)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(({ line, column, key, message }) => `${line}:${column} ${key}: ${message}`)
  }
  throw new Error('this configuration should have been refused')
}

const target = (text: string) => `exports: [{ name: siem, format: ocsf, target: { ${text} } }]`

describe('exports', () => {
  test('of docs/exports.md', () => {
    const page = readFileSync(new URL('../../../../docs/exports.md', import.meta.url), 'utf8')
    expect(load(/```yaml\n([^]*?)```/.exec(page)?.[1] ?? '')).toEqual([
      { name: 'archive', format: 'jsonl', texts: false, target: { kind: 'file', path: join(folder, 'archive/ledger.jsonl') } },
      {
        name: 'detections',
        format: 'ocsf',
        texts: false,
        target: { kind: 'webhook', url: 'https://siem.example.com/countersign', secret: { env: 'SIEM_WEBHOOK_SECRET' }, ca: null },
      },
      {
        name: 'siem',
        format: 'ocsf',
        texts: false,
        target: { kind: 'syslog', host: 'siem.example.com', port: 6514, tls: { ca: join(folder, 'siem-ca.pem'), cert: null, key: null } },
      },
    ])
  })

  test('take a port that is left out, an address of version 6, a certificate, and http on this machine', () => {
    expect(load(target('syslog: "tls://[::1]", cert: cert.pem, key: key.pem'))[0]?.target).toEqual({
      kind: 'syslog',
      host: '::1',
      port: 6514,
      tls: { ca: null, cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') },
    })
    expect(load(target('webhook: "http://127.0.0.1:9000/in", secret: { file: key.pem }'))[0]?.target).toMatchObject({
      url: 'http://127.0.0.1:9000/in',
      secret: { file: join(folder, 'key.pem') },
    })
  })

  test.each([
    ['exports: {}', 'exports: expected a list, each with name, format and target'],
    ['exports: [{ name: a.b, format: ocsf, target: { file: archive/x } }]', 'exports.0.name: an export’s name holds letters'],
    ['exports: [{ name: a, format: cef, target: { file: archive/x } }]', 'exports.0.format: expected jsonl or ocsf'],
    ['exports: [{ name: a, format: ocsf, target: { file: archive/x }, text: true }]', 'exports.0.text: unknown key; did you mean texts?'],
    [target('fil: archive/x'), 'exports.0.target.fil: unknown key; did you mean file?'],
    [target(''), 'exports.0.target: expected one of file: PATH, webhook: https://… or syslog: tls://HOST:6514'],
    [target('file: archive/x, syslog: "tls://siem"'), 'exports.0.target: expected one of'],
    [target('file: nowhere/x'), 'exports.0.target.file: '],
    [target('file: archive/x, ca: siem-ca.pem'), 'exports.0.target.ca: ca says nothing for a file; remove it'],
    [target('webhook: "https://siem.example.com"'), 'exports.0.target: a webhook needs secret: { env: NAME }'],
    [target('webhook: "https://siem.example.com", secret: { env: NOT_SET }'), 'exports.0.target.secret.env: environment variable NOT_SET is not set'],
    [target('webhook: "https://siem.example.com", secret: whsec_canary'), 'exports.0.target.secret: expected { env: NAME }'],
    [target('webhook: "http://siem.example.com", secret: { file: key.pem }'), 'exports.0.target.webhook: expected https: off this machine'],
    [target('webhook: "https://canary@siem.example.com", secret: { file: key.pem }'), 'exports.0.target.webhook: no user and no password'],
    [target('syslog: "udp://siem.example.com:514"'), 'exports.0.target.syslog: expected tls://HOST:6514'],
    [target('syslog: "tls://siem.example.com", cert: cert.pem'), 'exports.0.target: cert and key go together'],
    [target('syslog: "tls://siem.example.com", ca: nowhere.pem'), 'exports.0.target.ca: '],
    [
      `${target('file: archive/x').replace(/\]$/, '')}, { name: siem, format: jsonl, target: { file: archive/y } }]`,
      'exports.1.name: there is another export siem',
    ],
  ])('%s is refused, and says why', (yaml, expected) => {
    const problems = problemsOf(yaml)
    expect(problems.join('\n')).toContain(expected)
    expect(problems.join('\n')).not.toContain('canary')
  })
})
