import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { isSigned } from '@countersign/ledger/ed25519'
import { encodeEntry, parseEntry } from '@countersign/ledger/entry'
import { encodeBase64 } from '@countersign/ledger/base64'
import { verifyLog } from '@countersign/ledger/log'
import { parseReceipt } from '@countersign/ledger/receipt'
import { verifyReceipt } from '@countersign/ledger/verify-receipt'
import { afterAll, describe, expect, it } from 'vitest'
import { keyOf, newSigner, readerOf, TestTree, twoGateways } from '../packages/ledger/test/static-log.ts'
import { alices, BEFORE, type Entries, opened, passkey, receiptFrom, reviewed, signature, signer } from '../packages/ledger/test/signed.ts'
import { receiptOf, requestOf } from '../packages/ledger/test/told.ts'
import { lacks } from './support/needs.ts'

const VERIFIER = join(import.meta.dirname, 'independent/verify.py')
const folder = mkdtempSync(join(tmpdir(), 'countersign-independent-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Files = ReadonlyMap<string, Uint8Array>

const SIZE = 300
const { tree, first } = twoGateways(SIZE - 3)
const good = await tree.files(first)
const trusted = encodeBase64(first.publicKey)
const json = JSON.stringify(await receiptOf(requestOf(first), first))
const untold = JSON.stringify(await receiptOf(requestOf(first, 'req-1', 'text'), first))

/** What the verifier in Python says. */
async function ask(path: string, key = trusted): Promise<{ readonly ok: boolean; readonly problems: readonly string[] }> {
  const { stdout } = await promisify(execFile)('/usr/bin/python3', [VERIFIER, path, '--key', key]).catch((error: { stdout: string }) => error)
  return JSON.parse(stdout)
}

let written = 0
async function askAbout(files: Files) {
  const directory = join(folder, String(++written))
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), bytes)
  }
  return ask(directory)
}

const changed = (path: string, at: number): Files => {
  const bytes = Buffer.from(good.get(path) ?? [])
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return new Map(good).set(path, bytes)
}

const without = (path: string): Files => new Map([...good].filter(([name]) => name !== path))

/** The entries alone are others: tiles and checkpoint are as they were. */
async function entriesOf(change: (lines: string[]) => string[]): Promise<Files> {
  const other = new TestTree()
  other.lines.push(...change([...tree.lines]))
  const files = await other.files(first)
  return new Map([...good].map(([path, bytes]) => [path, path.startsWith('tile/entries/') ? (files.get(path) ?? bytes) : bytes]))
}

const edited = (line = '') => {
  const entry = parseEntry(line)
  return encodeEntry({ ...entry, body: { ...entry.body, edited: 1.5e-7 } })
}

describe.skipIf(lacks('python3'))('a verifier that was written from the specifications, in Python', { timeout: 60_000 }, () => {
  it('verifies what a passkey signed, and against which key', async () => {
    const askOf = async (...entries: Entries) => {
      const path = join(folder, `signed-${String(++written)}.json`)
      writeFileSync(path, JSON.stringify(await receiptFrom(...entries)))
      return (await ask(path, encodeBase64(signer.publicKey))).problems
    }
    expect(await askOf(passkey, opened, reviewed(signature()))).toEqual([])
    expect(await askOf(opened, reviewed(signature()))).toEqual([expect.stringMatching(/was not enrolled by then/)])
    expect(await askOf(passkey, opened, reviewed(signature({ by: alices.authenticator })))).toEqual([expect.stringMatching(/not made with this key/)])
    expect(await askOf(passkey, opened, reviewed({ ...signature(), before: BEFORE + 1 }))).toEqual([expect.stringMatching(/over something else/)])
  })

  it.each<[string, () => Files | Promise<Files>, boolean]>([
    ['a log as it was written', () => good, true],
    ['a log whose entries are too long for a bundle', longLog, true],
    ['an entry that was edited', () => entriesOf((lines) => lines.with(7, edited(lines[7]))), false],
    ['an entry that was deleted', () => entriesOf((lines) => [...lines.slice(0, 9), ...lines.slice(10), lines[9] ?? '']), false],
    ['two entries that were swapped', () => entriesOf((lines) => lines.with(3, lines[4] ?? '').with(4, lines[3] ?? '')), false],
    ['a tile of leaves that was altered', () => changed('tile/0/000', 5000), false],
    ['a partial tile that was altered', () => changed('tile/0/001.p/44', 100), false],
    ['a tile above that was altered', () => changed('tile/1/000.p/1', 3), false],
    ['a tile that is gone', () => without('tile/0/001.p/44'), false],
    ['a bundle that is gone', () => without('tile/entries/000'), false],
    ['a bundle with a byte changed', () => changed('tile/entries/000', 300), false],
    ['a checkpoint with a byte changed', () => changed('checkpoint', 40), false],
    ['a head that was altered', () => changed('signed-heads', 60), false],
    [
      'a log that was cut under the checkpoint of before',
      async () => new Map([...(await tree.files(first, 200)), ['checkpoint', good.get('checkpoint') ?? Buffer.of()]]),
      false,
    ],
    ['a log that somebody else signed', () => tree.files(newSigner()), false],
  ])('agrees on %s', async (_name, make, ok) => {
    const files = await make()
    expect((await verifyLog(readerOf(files), { key: keyOf(first) })).problems.length === 0).toBe(ok)
    expect(await askAbout(files)).toMatchObject({ ok })
  })

  async function longLog(): Promise<Files> {
    const long = new TestTree()
    long.enrol('gw-a', first)
    long.add('gw-a', 'test.happened', { text: 'ü'.repeat(70_000), numbers: [1e21, 1.5, -0.000001, 123456789012345680000, 5e-324] })
    return long.files(first)
  }

  /** Its review, and the story that two of them tell. */
  function twice(text: string): string {
    const receipt = parseReceipt(Buffer.from(text))
    const entries = [...receipt.entries, ...receipt.entries.slice(1, 2)]
    return JSON.stringify({ ...receipt, entries, story: verifyReceipt({ ...receipt, entries }).story })
  }

  // C2SP's edge cases, which packages/ledger/test/ed25519.test.ts holds ours against.
  it('agrees on which signatures are none', async () => {
    const script = `
import gzip, json, sys
sys.path.insert(0, sys.argv[1])
from verify import signed_by
vectors = json.load(gzip.open(sys.argv[2]))
print(json.dumps([v["number"] for v in vectors if signed_by(bytes.fromhex(v["key"]), v["msg"].encode(), bytes.fromhex(v["sig"]))]))`
    const packed = join(import.meta.dirname, '../packages/ledger/test/vectors/ed25519vectors.json.gz')
    const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', script, dirname(VERIFIER), packed])
    const vectors: { number: number; key: string; msg: string; sig: string }[] = JSON.parse(gunzipSync(readFileSync(packed)).toString())
    const ours = vectors.filter(({ key, msg, sig }) => isSigned(Buffer.from(key, 'hex'), Buffer.from(msg), Buffer.from(sig, 'hex')))
    expect(JSON.parse(stdout)).toEqual(ours.map(({ number }) => number))
  })

  it.each<[string, string, boolean]>([
    ['as it was made', json, true],
    ['of an action with a password in it', untold, true],
    ['that has an entry twice', twice(json), false],
    ['with another text', json.replaceAll('DELETE FROM orders', 'SELECT * FROM orders'), false],
    ['with another reviewer in the story', json.replace('"reviewer":"bob@example.com"', '"reviewer":"carol@example.com"'), false],
    ['with another entry', json.replace('request.approved', 'request.rejected'), false],
    ['with another proof', json.replace(/"proof":\["..../, '"proof":["AAAA'), false],
    ['with another policy', json.replace('permit (', 'forbid ('), false],
    ['with another digest', json.replace(/"digest":"../, '"digest":"zz'), false],
    ['under another checkpoint', json.replace(String.raw`\n9\n`, String.raw`\n8\n`), false],
  ])('agrees on a receipt %s', async (_name, text, ok) => {
    const path = join(folder, `receipt-${++written}.json`)
    writeFileSync(path, text)
    expect(verifyReceipt(parseReceipt(Buffer.from(text)), { key: keyOf(first) }).problems.length === 0).toBe(ok)
    expect(await ask(path)).toMatchObject({ ok })
    expect(await ask(path, encodeBase64(newSigner().publicKey))).toMatchObject({ ok: false })
  })
})
