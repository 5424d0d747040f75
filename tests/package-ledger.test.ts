import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { formatKey } from '@countersign/ledger/key'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyOf, newSigner } from '../packages/ledger/test/static-log.ts'
import { receiptOf, requestOf } from '../packages/ledger/test/told.ts'

const ROOT = join(import.meta.dirname, '..')
const run = promisify(execFile)

const PROGRAM = `
import { readFile } from 'node:fs/promises'
import { parseKey } from '@countersign/ledger/key'
import { parseReceipt } from '@countersign/ledger/receipt'
import { verifyReceipt } from '@countersign/ledger/verify-receipt'

const receipt = parseReceipt(await readFile('receipt.json'))
const { problems, story } = verifyReceipt(receipt, { key: parseKey(process.env.LEDGER_KEY) })
console.log(JSON.stringify({ problems, request: story.request }))
`

describe('the ledger as a package of its own', { timeout: 60_000 }, () => {
  const home = mkdtempSync(join(tmpdir(), 'countersign-ledger-package-'))
  const empty = join(home, 'empty')

  beforeAll(async () => {
    await run(process.execPath, [join(ROOT, 'scripts/package-ledger.ts'), join(home, 'package')])
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', home], { cwd: join(home, 'package') })
    const [{ filename }] = JSON.parse(stdout)
    mkdirSync(empty)
    writeFileSync(join(empty, 'package.json'), '{ "type": "module" }')
    await run('npm', ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', join(home, filename)], { cwd: empty })
  }, 300_000)

  afterAll(() => rmSync(home, { recursive: true, force: true }))

  it('is used where there is no workspace', async () => {
    const signer = newSigner()
    writeFileSync(join(empty, 'receipt.json'), JSON.stringify(await receiptOf(requestOf(signer), signer)))
    writeFileSync(join(empty, 'verify.js'), PROGRAM)
    const { stdout } = await run(process.execPath, ['verify.js'], { cwd: empty, env: { ...process.env, LEDGER_KEY: formatKey(keyOf(signer)) } })
    expect(JSON.parse(stdout)).toEqual({ problems: [], request: 'req-1' })
  })

  it('needs nothing but Node', () => {
    const manifest = JSON.parse(readFileSync(join(empty, 'node_modules/@countersign/ledger/package.json'), 'utf8'))
    expect(manifest).toMatchObject({ name: '@countersign/ledger', license: 'Apache-2.0', files: ['dist'] })
    expect(manifest).not.toHaveProperty('private')
    expect(manifest).not.toHaveProperty('dependencies')
    const text = readFileSync(join(empty, 'node_modules/@countersign/ledger/dist/log.js'), 'utf8')
    expect([...text.matchAll(/from ["']([^."'][^"']*)["']/g)].map(([, name = '']) => name).filter((name) => !isBuiltin(name))).toEqual([])
  })
})
