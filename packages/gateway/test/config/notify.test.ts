import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-notify-config-'))
  mkdirSync(join(folder, 'policies'))
  writeFileSync(join(folder, 'ca.pem'), 'a certificate')
})
afterAll(() => rmSync(folder, { recursive: true }))

function load(...lines: readonly string[]) {
  const file = join(folder, 'countersign.yaml')
  writeFileSync(file, lines.join('\n'))
  return loadConfig(file, { SMTP_PASSWORD: 'canary', HOOK_SECRET: 'whsec_canary', CHAT_WEBHOOK_SECRET: 'whsec_canary' }).notify
}

describe('notify', () => {
  test('is read, with what is left out', () => {
    expect(load('notify: { webhook: [{ url: http://127.0.0.1:9/hook, secret: { env: HOOK_SECRET } }] }')).toEqual({
      email: null,
      webhooks: [{ url: 'http://127.0.0.1:9/hook', secret: { env: 'HOOK_SECRET' }, ca: null }],
      push: null,
      repeat: { everyMs: 600_000, times: 3 },
    })
    const email = '{ smtp: "smtp://[::1]", from: cs@example.com, ca: ca.pem, credential: { username: u, password: { env: SMTP_PASSWORD } } }'
    expect(load(`notify: { email: ${email}, push: true, repeat: { every: 1h, times: 0 } }`)).toEqual({
      email: {
        host: '::1',
        port: 587,
        secure: false,
        from: 'cs@example.com',
        credential: { username: 'u', password: { env: 'SMTP_PASSWORD' } },
        ca: join(folder, 'ca.pem'),
      },
      webhooks: [],
      push: { contact: 'mailto:cs@example.com', inside: [], ca: null },
      repeat: { everyMs: 3_600_000, times: 0 },
    })
    expect(load('url: https://cs.example.com', 'notify: { push: { inside: [Push.internal] } }').push).toEqual({
      contact: 'https://cs.example.com',
      inside: ['push.internal'],
      ca: null,
    })
    expect(load('notify: { email: { smtp: smtps://mail.example.com, from: cs@example.com } }').email).toMatchObject({ port: 465, secure: true })
  })

  test('is what docs/being-told.md shows', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../../docs/being-told.md'), 'utf8')
    const [, example = ''] = /```yaml\n([^]*?)```/.exec(page) ?? []
    expect(load(example)).toMatchObject({
      email: { host: 'mail.example.com', port: 465, secure: true },
      push: { contact: 'https://cs.example.com' },
      webhooks: [{ url: 'https://chat.example.com/hooks/countersign' }],
    })
  })

  test.each([
    ['{ email: { smtp: mail.example.com, from: a@example.com } }', 'notify.email.smtp: expected smtps://HOST:465'],
    ['{ email: { smtp: smtps://u:canary@mail.example.com, from: a@example.com } }', 'notify.email.smtp: expected smtps://HOST:465'],
    ['{ email: { smtp: smtps://mail.example.com, from: "A <a@example.com>" } }', 'notify.email.from: expected an address'],
    ['{ email: { smtp: smtps://mail.example.com, from: a@example.com, ca: none.pem } }', 'notify.email.ca:'],
    ['{ email: { smtp: smtps://mail.example.com, form: a@example.com } }', 'notify.email.form: unknown key; did you mean from?'],
    ['{ webhook: [{ url: http://canary.example.com, secret: { env: HOOK_SECRET } }] }', 'notify.webhook.0.url: expected https: off this machine'],
    ['{ webhook: [{ url: https://canary.example.com }] }', 'notify.webhook.0.secret: expected { env: NAME }'],
    ['{ webhook: [{ url: https://h.example.com, secret: { env: UNSET } }] }', 'notify.webhook.0.secret.env: environment variable UNSET is not set'],
    ['{ webhook: [{ url: https://h.example.com, secrets: 1 }] }', 'notify.webhook.0.secrets: unknown key; did you mean secret?'],
    ['{ push: true }', 'notify.push: say whom push services may ask'],
    ['{ push: { contact: ops@example.com } }', 'notify.push.contact: expected mailto:…'],
    ['{ repeat: { times: 1000 } }', 'notify.repeat.times:'],
    ['{ repeat: { evry: 1h } }', 'notify.repeat.evry: unknown key; did you mean every?'],
    ['{ mail: {} }', 'notify.mail: unknown key; did you mean email?'],
  ])('%s is refused with where and why, and without what is secret', (text, message) => {
    const refused = () => load(`notify: ${text}`)
    expect(refused).toThrow(message)
    expect(refused).not.toThrow('canary')
  })
})
