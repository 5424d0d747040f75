import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { parseCheckpoint } from '../src/checkpoint.ts'
import { encodeEntry, hashEntry, parseEntry } from '../src/entry.ts'
import { type ChainEntry, type LogOptions, verifyLog } from '../src/log.ts'
import { parseNote } from '../src/note.ts'
import { checkpointOf, keyOf, newSigner, readerOf, TestTree, twoGateways } from './static-log.ts'

type Files = Map<string, Uint8Array>

const SIZE = 300
const { tree, first, second } = twoGateways(SIZE - 3)
const good = await tree.files(first)
const copy = (files: Files = good): Files => new Map(files)
const verify = (files: Files, options: LogOptions = {}) => verifyLog(readerOf(files), options)
const found = async (files: Files, options: LogOptions = {}) => (await verify(files, options)).problems
const checkpointIn = (files: Files) => parseCheckpoint(parseNote(files.get('checkpoint') ?? '').text)
const paths = (prefix: string) => [...good.keys()].filter((path) => path.startsWith(prefix))

/** The same bytes with one bit flipped. */
function flipped(files: Files, path: string, where: number): Files {
  const bytes = Buffer.from(files.get(path) ?? [])
  const at = where % (bytes.length * 8)
  bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7))
  return copy(files).set(path, bytes)
}

/** The log with an entry in the place of another, and all the rest as it was. */
async function withEntries(change: (lines: string[]) => void): Promise<Files> {
  const other = new TestTree()
  other.lines.push(...tree.lines)
  change(other.lines)
  const changed = await other.files(first)
  return new Map([...good].map(([path, bytes]) => [path, path.startsWith('tile/entries/') ? (changed.get(path) ?? bytes) : bytes]))
}

const edited = (line: string) => {
  const entry = parseEntry(line)
  return encodeEntry({ ...entry, body: { ...entry.body, edited: true } })
}

describe('verifying a whole log', () => {
  test('finds nothing in one as it was written, at any size, with and without a key', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(3, 4, 255, 256, 257, SIZE), async (size) => {
        const files = await tree.files(first, size)
        files.set('signed-heads', Buffer.from(''))
        for (const options of [{}, { key: keyOf(first) }, { remembered: [checkpointIn(files)] }])
          expect(await verify(files, options)).toMatchObject({ problems: [], entries: size, signed: [{ key: keyOf(first) }] })
      }),
      { numRuns: 6 },
    )
  })

  it('says how far the signed heads of each gateway go, and who counts', async () => {
    const { chains } = await verify(good)
    expect(chains).toEqual([
      { gateway: 'gw-a', entries: 101, covered: 101, counts: true },
      { gateway: 'gw-b', entries: 100, covered: 100, counts: true },
      { gateway: 'gw-a-w1', entries: 99, covered: 99, counts: true },
    ])
  })

  test('names the entry that was edited', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(SIZE - 1), async (index) => {
        const problems = await found(await withEntries((lines) => lines.splice(index, 1, edited(lines[index] ?? ''))))
        expect(problems).toContainEqual(expect.objectContaining({ why: 'altered', place: `entry ${index}` }))
        expect(problems.filter(({ why, message }) => why === 'altered' && message.endsWith('not the one that was signed in its place'))).toHaveLength(1)
      }),
      { numRuns: 15 },
    )
  })

  test('names both of two that were swapped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(SIZE - 1), fc.nat(SIZE - 1), async (one, other) => {
        fc.pre(one !== other)
        const problems = await found(await withEntries((lines) => void ([lines[one], lines[other]] = [lines[other] ?? '', lines[one] ?? ''])))
        for (const index of [one, other]) expect(problems).toContainEqual(expect.objectContaining({ why: 'altered', place: `entry ${index}` }))
      }),
      { numRuns: 15 },
    )
  })

  test('names the first entry behind one that was deleted, or put in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 250 }), fc.boolean(), async (index, putIn) => {
        // The places behind it hold others now.
        const files = await withEntries(
          (lines) => void (putIn ? lines.splice(index, 0, lines[0] ?? '').length || lines.pop() : lines.push(...lines.splice(index, 1))),
        )
        expect(await found(files)).toContainEqual(expect.objectContaining({ why: 'altered', place: `entry ${index}` }))
      }),
      { numRuns: 10 },
    )
  })

  test('names the tile of which any bit was changed, or the file that is gone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths('tile/0'), ...paths('tile/1')), fc.nat(), async (path, where) => {
        expect(await found(flipped(good, path, where))).toEqual([expect.objectContaining({ why: 'altered', place: path })])
        const without = copy()
        without.delete(path)
        expect(await found(without)).toEqual([expect.objectContaining({ why: 'missing', place: path })])
        expect(await found(copy().set(path, good.get(path)?.subarray(0, 31) ?? Buffer.of()))).toEqual([
          expect.objectContaining({ why: 'missing', place: path }),
        ])
      }),
      { numRuns: 20 },
    )
  })

  test('names the bundle of which any bit was changed, or that is gone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths('tile/entries')), fc.nat(), async (path, where) => {
        expect(await found(flipped(good, path, where))).not.toEqual([])
        const without = copy()
        without.delete(path)
        expect(await found(without)).toContainEqual(expect.objectContaining({ why: 'missing', place: path }))
      }),
      { numRuns: 30 },
    )
  })

  test('finds any bit that was changed in the checkpoint or in the heads', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('checkpoint', 'signed-heads'), fc.nat(), async (path, where) => {
        expect(await found(flipped(good, path, where), { key: keyOf(first) })).not.toEqual([])
      }),
      { numRuns: 40 },
    )
  })

  it('finds a log that was rewritten from some entry on, when a checkpoint is remembered', async () => {
    const { tree: forked } = twoGateways(0)
    forked.lines.splice(0, 3, ...tree.lines.slice(0, 200), edited(tree.lines[200] ?? ''), ...tree.lines.slice(201))
    const files = await forked.files(first)
    expect(await found(files, { remembered: [checkpointIn(good)] })).toContainEqual(expect.objectContaining({ why: 'forked', place: 'checkpoint' }))
    expect(await found(files, { remembered: [checkpointIn(await tree.files(first, 200))] })).not.toContainEqual(expect.objectContaining({ why: 'forked' }))
  })

  it('finds a log that was cut, when a checkpoint is remembered', async () => {
    const cut = await tree.files(first, 280)
    cut.set('signed-heads', Buffer.from(''))
    expect(await found(copy(cut).set('signed-heads', good.get('signed-heads') ?? Buffer.of()))).toContainEqual(
      expect.objectContaining({ why: 'truncated', place: 'signed-heads' }),
    )
    expect(await found(cut)).toEqual([])
    expect(await found(cut, { remembered: [checkpointIn(good)] })).toEqual([expect.objectContaining({ why: 'truncated', place: 'checkpoint' })])
    expect(await found(good, { remembered: [checkpointIn(cut)] })).toEqual([])
  })

  it('finds entries and tiles that were rewritten together under the checkpoint of before', async () => {
    const other = new TestTree()
    other.lines.push(...tree.lines.with(270, edited(tree.lines[270] ?? '')))
    const files = (await other.files(first)).set('checkpoint', good.get('checkpoint') ?? Buffer.of())
    expect(await found(files)).toContainEqual(expect.objectContaining({ why: 'forked', place: 'checkpoint' }))
  })

  it('carries entries that are too long for a bundle as lines', async () => {
    const long = new TestTree()
    long.enrol('gw-a', first)
    long.add('gw-a', 'test.happened', { text: 'x'.repeat(70_000) })
    const files = await long.files(first)
    expect([...files.keys()]).toContain('tile/lines/000.p/2')
    expect(await verify(files)).toMatchObject({ problems: [], entries: 2 })
    expect(await found(flipped(files, 'tile/lines/000.p/2', 4321))).not.toEqual([])
  })

  it('takes the full tile and the full bundle where the partial one is gone', async () => {
    const files = copy()
    const cut = await tree.files(first, 200)
    files.set('checkpoint', cut.get('checkpoint') ?? Buffer.of()).set('signed-heads', Buffer.of())
    expect(await found(files)).toEqual([])
  })
})

describe('whose key signed the checkpoint', () => {
  const unsigned = [expect.objectContaining({ why: 'unsigned', place: 'checkpoint' })]
  const signedBy = async (signer: typeof first) => copy().set('checkpoint', checkpointOf(SIZE, checkpointIn(good).root, signer))

  it('is one that the tree’s first key vouches for, in an entry that it signed', async () => {
    const files = await signedBy(second)
    expect(await found(files)).toEqual([])
    expect(await found(files, { key: keyOf(first) })).toEqual([])
    expect(await found(copy(files).set('signed-heads', Buffer.of()), { key: keyOf(first) })).toEqual(unsigned)
  })

  it('is nobody’s whom no one vouches for', async () => {
    const stranger = newSigner()
    expect(await found(await signedBy(stranger))).toEqual(unsigned)
    expect(await found(good, { key: keyOf(stranger) })).toEqual(unsigned)
    expect(await found(good, { key: { ...keyOf(first), name: 'countersign/tree-ffffffffff' } })).toEqual(unsigned)
  })

  it('is followed by another when the first is rotated, and only forwards', async () => {
    const next = newSigner()
    const { tree: rotated, first: own } = twoGateways(5)
    rotated.rotate('gw-a', own, next)
    const files = await rotated.files(next)
    expect(await found(files)).toEqual([])
    expect(await found(files, { key: keyOf(own) })).toEqual([])
    expect(await found(files, { key: keyOf(next) })).toEqual([])
    const before = await rotated.files(own)
    expect(await found(before, { key: keyOf(next) })).toEqual(unsigned)
  })

  it('is not that of somebody who wrote a tree of his own with the trusted key in it', async () => {
    const attacker = newSigner()
    const own = new TestTree()
    own.enrol('gw-x', attacker)
    own.rotate('gw-x', attacker, first)
    own.vouch('gw-x', 'gw-y', attacker)
    own.enrol('gw-y', attacker)
    own.sign('gw-x', attacker)
    expect(await found(await own.files(attacker), { key: keyOf(first) })).toContainEqual(unsigned[0])
    const copied = new TestTree()
    copied.enrol('gw-a', first)
    copied.vouch('gw-a', 'gw-x', attacker)
    copied.enrol('gw-x', attacker)
    copied.sign('gw-a', attacker)
    expect(await found(await copied.files(attacker), { key: keyOf(first) })).toContainEqual(unsigned[0])
  })

  it('does not make up for a gateway that nobody vouches for: its entries are there, and it is said', async () => {
    const { tree: more, first: own } = twoGateways(2)
    more.enrol('gw-x', newSigner())
    const { problems, chains } = await verify(await more.files(own))
    expect(problems).toEqual([])
    expect(chains.at(-1)).toEqual({ gateway: 'gw-x', entries: 1, covered: 0, counts: false })
  })
})

describe('what the checkpoint does not have yet', () => {
  const COVERED = 290
  const all = tree.lines.map((line) => ({ ...parseEntry(line), line }))
  /** Each chain in its order, as a store has them. */
  const beyond = [...Map.groupBy(all.slice(COVERED), ({ gateway }) => gateway).values()].flat()

  type Stored = { readonly gateway: string; readonly seq: number; readonly line: string }

  async function* streamed(entries: readonly Stored[]): AsyncGenerator<ChainEntry> {
    await Promise.resolve()
    for (const { gateway, seq, line } of entries) yield { gateway, seq, bytes: Buffer.from(line) }
  }

  const foundIn = async (entries: readonly Stored[]) => verify(await tree.files(first, COVERED), { beyond: streamed(entries) })

  it('has to follow in its chain, and be signed for', async () => {
    expect(beyond.length).toBe(SIZE - COVERED)
    expect(await foundIn(beyond)).toMatchObject({ problems: [], entries: COVERED, beyond: SIZE - COVERED })
  })

  test('is named when it was edited, deleted, added or stands for another', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(beyond.length - 1), fc.constantFrom('edit', 'delete', 'add', 'replace'), async (at, how) => {
        const stored: Stored[] = [...beyond]
        const { gateway, seq, line } = stored[at] ?? beyond[0]!
        const after = { gateway, seq: all.findLast((one) => one.gateway === gateway)!.seq + 1 }
        if (how === 'edit') stored.splice(at, 1, { gateway, seq, line: edited(line) })
        if (how === 'delete') stored.splice(at, 1)
        if (how === 'add') stored.push({ ...after, line })
        if (how === 'replace') stored.splice(at, 1, { gateway, seq, line: tree.lines[0] ?? '' })
        const { problems } = await foundIn(stored)
        expect(problems.some(({ place }) => place === 'signed-heads' || new RegExp(`^entry (${seq}|${seq + 1}|${after.seq}) of ${gateway}$`).test(place))).toBe(
          true,
        )
      }),
      { numRuns: 40 },
    )
  })

  it('counts for nothing without a signature of its gateway', async () => {
    const { gateway, seq, line } = all.at(-1)!
    const forged = encodeEntry({ ...parseEntry(line), seq: seq + 1, prev: hashEntry(line), type: 'gateway.vouched', body: { gateway: 'gw-x' } })
    const { problems } = await foundIn([...beyond, { gateway, seq: seq + 1, line: forged }])
    expect(problems).toEqual([{ why: 'unsigned', place: `entry ${seq + 1} of ${gateway}`, message: expect.stringContaining('nothing that') }])
  })
})
