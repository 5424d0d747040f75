import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openJournal } from '../../gateway/src/journal/open.ts'
import { cli } from './cli.ts'

const ENTRIES = 20
const root = mkdtempSync(join(tmpdir(), 'countersign-verify-'))
const original = join(root, 'original')
const data = join(root, 'data')
let segments: string[]

beforeAll(async () => {
  const journal = await openJournal({ directory: original, segmentBytes: 2000 })
  for (let index = 0; index < ENTRIES; index += 1)
    await journal.append({ type: 'request.opened', body: { index }, secret: { text: `DELETE ${index}` } }, 'process')
  await journal.close()
  segments = readdirSync(join(original, 'journal'))
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
})
beforeEach(() => {
  rmSync(data, { recursive: true, force: true })
  cpSync(original, data, { recursive: true })
})
afterAll(() => rmSync(root, { recursive: true }))

const verify = async (...args: string[]) => {
  const { code, stdout } = await cli(['ledger', 'verify', '--json', ...args])
  const { ok, chains } = JSON.parse(stdout)
  return { code, ok, chain: chains[0] }
}

const rewrite = (segment: string, change: (lines: string[]) => string[]) => {
  const path = join(data, 'journal', segment)
  writeFileSync(
    path,
    change(readFileSync(path, 'utf8').trimEnd().split('\n'))
      .map((line) => `${line}\n`)
      .join(''),
  )
  return path
}

describe('ledger verify', () => {
  it('verifies every segment of a data directory, without a gateway', async () => {
    expect(segments.length).toBeGreaterThan(2)
    expect(await verify('--data', data)).toMatchObject({ code: 0, ok: true, chain: { entries: ENTRIES, unopened: 0, bad: null } })
    expect((await cli(['ledger', 'verify', '--data', data])).stdout).toMatch(new RegExp(`^gw-\\w+: ${ENTRIES} entries verified, head `))
  })

  it('names the first bad entry, its file and its line', async () => {
    const [, second = ''] = segments
    const path = rewrite(second, ([first = '', ...rest]) => [first.replace(/"at":\d/, '"at":9'), ...rest])
    const { code, stdout } = await cli(['ledger', 'verify', '--data', data])
    expect(code).toBe(1)
    expect(stdout).toContain('(altered)')
    expect(stdout).toContain(`${path}:1`)
  })

  it.each([
    ['removed', ([first = '', , ...rest]: string[]) => [first, ...rest], 'gap'],
    ['moved', ([first = '', second = '', ...rest]: string[]) => [second, first, ...rest], 'out-of-order'],
    ['written twice', ([first = '', ...rest]: string[]) => [first, first, ...rest], 'duplicate'],
  ] as const)('an entry that was %s', async (_, change, why) => {
    rewrite(segments[1] ?? '', change)
    expect(await verify('--data', data)).toMatchObject({ code: 1, ok: false, chain: { bad: { why } } })
  })

  it('a whole segment that is gone, at the front too', async () => {
    rmSync(join(data, 'journal', segments[0] ?? ''))
    expect(await verify('--data', data)).toMatchObject({ code: 1, chain: { bad: { why: 'gap', seq: 1 } } })
  })

  it('an erased key leaves its entries verifiable and says that their texts were not opened', async () => {
    for (const key of readdirSync(join(data, 'keys'))) rmSync(join(data, 'keys', key))
    expect(await verify('--data', data)).toMatchObject({ code: 0, chain: { entries: ENTRIES, unopened: ENTRIES } })
  })

  it('files by name, in whichever order, and one that starts in the middle', async () => {
    const [first, second, third] = segments.map((name) => join(data, 'journal', name))
    expect(await verify(second ?? '', first ?? '')).toMatchObject({ code: 0, chain: { bad: null } })
    expect(await verify(second ?? '', third ?? '')).toMatchObject({ code: 0, chain: { bad: null } })
    const copy = join(root, 'copy.jsonl')
    copyFileSync(first ?? '', copy)
    expect(await verify(copy)).toMatchObject({ code: 0, chain: { gateway: copy, bad: null } })
  })

  it('a file that is not there is an error', async () => {
    expect(await cli(['ledger', 'verify', join(root, 'gone.jsonl')])).toMatchObject({ code: 1, stderr: expect.stringContaining('gone.jsonl') })
  })
})
