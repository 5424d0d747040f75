import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { encodeEntry, hashEntry, parseEntry } from '../src/entry.ts'
import { splitLines } from '../src/lines.ts'
import { verifyChain } from '../src/verify.ts'
import { chainOf, events, newKey } from './chain.ts'

const key = newKey('k1')
const keys = new Map([[key.id, key]])
const expectOf = (lines: readonly string[]) => ({ seq: lines.length, hash: hashEntry(lines.at(-1) ?? '') })
const altered = (line: string) => {
  const entry = parseEntry(line)
  return encodeEntry({ ...entry, body: { ...entry.body, altered: true } })
}
async function split(chunks: Iterable<Uint8Array>): Promise<Buffer[]> {
  const lines: Buffer[] = []
  for await (const line of splitLines(chunks)) lines.push(Buffer.from(line))
  return lines
}

/** A chain, and the index of one of its lines. */
const chains = (min: number) => events(min).chain((list) => fc.tuple(fc.constant(chainOf(list, key)), fc.nat(list.length - 1)))

describe('verifying a chain', () => {
  test('finds nothing in a chain as it was written', async () => {
    await fc.assert(
      fc.asyncProperty(events(0), async (list) => {
        const lines = chainOf(list, key)
        const verified = await verifyChain(lines, { keys, ...(lines.length > 0 && { expect: expectOf(lines) }) })
        expect(verified).toMatchObject({ bad: null, entries: list.length, unopened: 0, warnings: [] })
        expect(verified.head?.seq ?? 0).toBe(list.length)
      }),
    )
  })

  test('names the altered entry, whichever it is', async () => {
    await fc.assert(
      fc.asyncProperty(chains(1), async ([lines, at]) => {
        const { bad } = await verifyChain(lines.with(at, altered(lines[at] ?? '')), { expect: expectOf(lines) })
        expect(bad).toMatchObject({ gateway: 'gw-test', seq: at + 1, line: at + 1, why: 'altered' })
      }),
    )
  })

  test('names the entry that is missing', async () => {
    await fc.assert(
      fc.asyncProperty(chains(1), async ([lines, at]) => {
        const { bad } = await verifyChain(lines.toSpliced(at, 1), { expect: expectOf(lines) })
        expect(bad).toMatchObject({ seq: at + 1, line: at + 1, why: 'gap' })
      }),
    )
  })

  test('names the first of two that were swapped', async () => {
    await fc.assert(
      fc.asyncProperty(chains(2), fc.nat(), async ([lines, at], second) => {
        const other = (at + 1 + (second % (lines.length - 1))) % lines.length
        const [low, high] = [Math.min(at, other), Math.max(at, other)]
        const { bad } = await verifyChain(lines.with(low, lines[high] ?? '').with(high, lines[low] ?? ''))
        expect(bad).toMatchObject({ seq: low + 1, line: low + 1, why: 'out-of-order' })
      }),
    )
  })

  test('names an entry that was put in', async () => {
    await fc.assert(
      fc.asyncProperty(chains(2), async ([lines, at]) => {
        const { bad } = await verifyChain(lines.toSpliced(at + 1, 0, lines[at] ?? ''), { expect: expectOf(lines) })
        expect(bad).toMatchObject({ seq: at + 1, line: at + 2, why: 'duplicate' })
      }),
    )
  })

  test('finds any byte that was changed, and never names a line after it', async () => {
    await fc.assert(
      fc.asyncProperty(chains(1), fc.nat(), fc.integer({ min: 1, max: 255 }), async ([lines, at], position, flip) => {
        const bytes = Buffer.from(lines[at] ?? '')
        const where = position % bytes.length
        bytes[where] = (bytes[where] ?? 0) ^ flip
        const all = lines.map((line) => Buffer.from(line)).with(at, bytes)
        const { bad } = await verifyChain(all, { gateway: 'gw-test', expect: expectOf(lines) })
        expect(bad?.line).toBe(at + 1)
      }),
      { numRuns: 500 },
    )
  })

  it('names what happened in words', async () => {
    const lines = chainOf(
      [
        { type: 'a', body: {}, secret: { text: 'x' } },
        { type: 'b', body: {}, secret: null },
      ],
      key,
    )
    const [first = '', second = ''] = lines
    const moved = encodeEntry({ ...parseEntry(first), commitment: hashEntry('') })
    expect((await verifyChain([moved], { keys })).bad).toMatchObject({ seq: 1, why: 'sealed-altered' })
    expect((await verifyChain([first, second.slice(0, 20)])).bad).toMatchObject({ seq: 2, line: 2, why: 'torn' })
    expect((await verifyChain([first.slice(0, 20), second])).bad).toMatchObject({ seq: 1, line: 1, why: 'unreadable' })
    expect((await verifyChain([first, Buffer.from([0xff]), second])).bad).toMatchObject({ seq: 2, line: 2, why: 'unreadable', message: 'not UTF-8' })
    expect((await verifyChain([first, `${second} `])).bad).toMatchObject({ seq: 2, line: 2, why: 'not-canonical' })
    expect((await verifyChain([first, ...chainOf([{ type: 'a', body: {}, secret: null }], key, 'gw-other')])).bad).toMatchObject({ line: 2, why: 'foreign' })
    expect((await verifyChain([], { expect: { seq: 3, hash: '' } })).bad).toMatchObject({ seq: 1, why: 'gap' })
    expect(await verifyChain([second], { partial: true })).toMatchObject({ bad: null, entries: 1 })
  })

  it('only warns of a clock that went back, and counts what no key opens', async () => {
    const first = encodeEntry({ ...parseEntry(chainOf([{ type: 'a', body: {}, secret: { text: 'x' } }], key)[0] ?? ''), at: 2000 })
    const second = encodeEntry({ v: 1, gateway: 'gw-test', seq: 2, prev: hashEntry(first), at: 1500, type: 'b', body: {} })
    const { bad, warnings, unopened } = await verifyChain([first, second])
    expect(bad).toBeNull()
    expect(unopened).toBe(1)
    expect(warnings).toEqual([{ seq: 2, line: 2, message: 'the clock of entry 2 is 500 ms behind the entry before it' }])
  })
})

describe('splitting lines', () => {
  test('gives the same lines wherever the chunks end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll('\n', '')),
          { minLength: 1 },
        ),
        fc.integer({ min: 1, max: 9 }),
        async (lines, size) => {
          const bytes = Buffer.from(`${lines.join('\n')}\n`)
          const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
          const found = (await split(chunks)).map(String)
          expect(found).toEqual(lines)
        },
      ),
    )
  })

  it('gives a last line without an end, and bounds a line that never ends', async () => {
    expect((await split([Buffer.from('a\nb')])).map(String)).toEqual(['a', 'b'])
    const mebibyte = Buffer.alloc(1024 * 1024, 'x')
    const [line] = await split(Array.from({ length: 80 }, () => mebibyte))
    expect(line?.length).toBe(64 * 1024 * 1024)
  })
})
