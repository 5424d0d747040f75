import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import type { Head } from '@countersign/ledger/verify'
import { verifyChain } from '@countersign/ledger/verify'
import { beforeEach, describe, expect, it } from 'vitest'
import { listSegments, segmentPath } from '../../src/journal/files.ts'
import { openJournal } from '../../src/journal/open.ts'
import { readJournal } from '../../src/journal/read.ts'
import { keysIn, newDirectory } from './directory.ts'

describe('a journal on a disk that forgets', () => {
  let directory: string
  let gateway: string
  /** What the store has under a signed head. */
  let expected: Pick<Head, 'seq' | 'hash'>
  let files: readonly { readonly path: string; readonly bytes: Buffer }[]

  beforeEach(async () => {
    directory = newDirectory()
    const journal = await openJournal({ directory, segmentBytes: 1500 })
    gateway = journal.gateway
    for (let index = 0; index < 12; index++)
      expected = await journal.append(
        { type: 'action.decided', body: { index, effect: 'allow' }, ...(index % 2 === 0 && { secret: { text: 'SELECT 1' } }) },
        'process',
      )
    await journal.close()
    files = listSegments(directory, gateway).map((segment) => {
      const path = segmentPath(directory, segment)
      return { path, bytes: readFileSync(path) }
    })
  })

  const restore = () => files.forEach(({ path, bytes }) => writeFileSync(path, bytes))
  const badOf = async () => (await verifyChain(readJournal(directory, gateway), { gateway, keys: keysIn(directory), expect: expected })).bad

  it('has no byte that can flip unnoticed, and what did is named', async () => {
    expect(files.length).toBeGreaterThan(2)
    expect(await badOf()).toBeNull()
    const places = fc.record({ file: fc.nat(files.length - 1), at: fc.nat(), bit: fc.nat(7) })
    await fc.assert(
      fc.asyncProperty(places, async ({ file, at, bit }) => {
        restore()
        const { path, bytes } = files[file] ?? { path: '', bytes: Buffer.alloc(0) }
        const flipped = Buffer.from(bytes)
        flipped[at % bytes.length]! ^= 1 << bit
        writeFileSync(path, flipped)
        const bad = await badOf()
        expect(bad).toMatchObject({ seq: expect.any(Number), why: expect.any(String) })
      }),
      { numRuns: 300 },
    )
  })

  it('has no tail that can be lost unnoticed, wherever it is cut', async () => {
    const last = files.at(-1) ?? { path: '', bytes: Buffer.alloc(0) }
    await fc.assert(
      fc.asyncProperty(fc.nat(last.bytes.length - 2), async (left) => {
        restore()
        truncateSync(last.path, left)
        expect((await badOf())?.why).toMatch(/^(gap|torn)$/)
      }),
      { numRuns: 100 },
    )
  })
})
