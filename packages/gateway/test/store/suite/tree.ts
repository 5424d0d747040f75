import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Growth, type Run, type StoredEntry, StoreUnavailable, type TreeStore } from '../../../src/store/store.ts'
import { runs } from '../arbitraries.ts'
import type { Pair } from '../bed.ts'

const entries = (gateway: string, count: number): readonly StoredEntry[] =>
  Array.from({ length: count }, (_, index) => ({ gateway, seq: index + 1, line: `${gateway} ${index + 1}` }))
const run = (start: number, gateway: string, seq: number, count: number): Run => ({ start, gateway, seq, count })
const growth = (term: number, from: number, runs: readonly Run[], more: Partial<Growth> = {}): Growth => {
  const last = runs.at(-1)
  return { term, from, to: last ? last.start + last.count : from, runs, tiles: [], keyLeaves: [], ...more }
}

async function take(tree: TreeStore, holder: string): Promise<number> {
  const taken = await tree.take(holder, await tree.state())
  if (!taken) throw new Error('somebody else took it')
  return taken.term
}

export function tree(pair: () => Pair): void {
  test('has its name from the first start on, whoever opens it', async () => {
    const { here, there, bed } = pair()
    const state = await here.tree.state()
    expect(state).toEqual({ origin: expect.stringMatching(/^countersign\/tree-[0-9a-f]{10}$/), size: 0, term: 0, holder: null, beat: 0 })
    expect(await there.tree.state()).toEqual(state)
    const apart = await bed.openTree()
    expect(await apart.tree.state()).toEqual(state)
    await apart.close()
  })

  test('is one gateway’s at a time, and only while it is seen to do something', async () => {
    const { here, there } = pair()
    const free = await here.tree.state()
    const taken = await Promise.all([here.tree.take('gw-1', free), there.tree.take('gw-2', free)])
    expect(taken.filter(Boolean)).toHaveLength(1)
    const state = await here.tree.state()
    expect(taken).toContainEqual(state)
    expect(await here.tree.renew(state.term)).toBe(true)
    expect(await there.tree.take('gw-3', state)).toBeNull()
    await here.tree.release(state.term)
    expect(await here.tree.renew(state.term)).toBe(false)
    expect(await here.tree.extend(growth(state.term, 0, [run(0, 'gw-1', 1, 1)]))).toBe(false)
    expect(await there.tree.state()).toMatchObject({ term: state.term, holder: null, size: 0 })
    expect(await there.tree.take('gw-3', await there.tree.state())).toMatchObject({ term: state.term + 1, holder: 'gw-3' })
  })

  test('two that both believe to have it never fork it', async () => {
    const { here, there, bed } = pair()
    const third = await bed.open()
    const stores = [here.tree, there.tree, third.tree]
    await here.ledger.append([...entries('gw-1', 400), ...entries('gw-2', 400)])
    const steps = fc.array(
      fc.record({ who: fc.nat(2), does: fc.constantFrom('take', 'extend', 'extend', 'extend', 'release'), count: fc.integer({ min: 1, max: 3 }) }),
      {
        minLength: 20,
        maxLength: 40,
      },
    )
    const property = fc.asyncProperty(steps, async (planned) => {
      const before = (await here.tree.state()).size
      // Each believes what it last knew: its term, and the size that it made. Nobody asks before he writes, and all run at once.
      const believed = await Promise.all(stores.map((tree) => tree.state()))
      const won: { from: number; to: number }[] = []
      await Promise.all(
        planned.map(async ({ who, does, count }) => {
          const [tree, known] = [stores[who], believed[who]]
          if (!tree || !known) return
          if (does === 'release') return tree.release(known.term)
          if (does === 'take') {
            believed[who] = (await tree.take(`gw-${who}`, await tree.state())) ?? known
            return
          }
          const grown = growth(known.term, known.size, [run(known.size, 'gw-1', known.size + 1, count)])
          if (grown.to > 390 || !(await tree.extend(grown))) return
          won.push(grown)
          believed[who] = { ...known, size: grown.to }
        }),
      )
      // What was won is one row of steps, without a gap and without two from the same size.
      won.sort((one, other) => one.from - other.from)
      expect(won.map(({ from }) => from)).toEqual([before, ...won.map(({ to }) => to)].slice(0, won.length))
      const { size } = await here.tree.state()
      expect(size).toBe(won.at(-1)?.to ?? before)
      const leaves = await there.tree.read(0, 400)
      expect(leaves.map(({ index, seq }) => [index, seq])).toEqual(Array.from({ length: size }, (_, index) => [index, index + 1]))
    })
    await fc.assert(property, runs(12))
    await third.close()
  })

  test('is read from any place on, and knows the place of each entry', async () => {
    const { here, there } = pair()
    await here.ledger.append([...entries('gw-1', 600), ...entries('gw-2', 300)])
    const term = await take(here.tree, 'gw-1')
    // 250 runs of one entry each, then a long one that grows.
    const single = Array.from({ length: 250 }, (_, index) => run(index, index % 2 === 0 ? 'gw-1' : 'gw-2', Math.floor(index / 2) + 1, 1))
    expect(await here.tree.extend(growth(term, 0, single, { keyLeaves: [0, 7] }))).toBe(true)
    expect(await here.tree.extend(growth(term, 250, [run(250, 'gw-1', 126, 100)]))).toBe(true)
    expect(await here.tree.extend(growth(term, 350, [run(250, 'gw-1', 126, 475), run(725, 'gw-2', 126, 5)]))).toBe(true)
    const all = await there.tree.read(0, 10_000)
    expect(all).toHaveLength(730)
    expect(all.map(({ index }) => index)).toEqual(all.map((_, index) => index))
    for (const [from, limit] of [
      [0, 1],
      [3, 200],
      [249, 2],
      [251, 90],
      [300, 50],
      [724, 2],
      [729, 5],
      [730, 5],
    ] as const) {
      expect(await there.tree.read(from, limit)).toEqual(all.slice(from, from + limit))
    }
    for (const { index, gateway, seq, line } of [0, 1, 249, 250, 500, 724, 725, 729].flatMap((index) => all.slice(index, index + 1))) {
      expect(line).toBe(`${gateway} ${seq}`)
      expect(await there.tree.indexOf(gateway, seq)).toBe(index)
    }
    expect(await Promise.all([there.tree.indexOf('gw-1', 601), there.tree.indexOf('gw-2', 131), there.tree.indexOf('gw-3', 1)])).toEqual([null, null, null])
    expect(await there.tree.tails(730)).toEqual([run(250, 'gw-1', 126, 475), run(725, 'gw-2', 126, 5)])
    expect(await there.tree.tails(260)).toEqual([run(250, 'gw-1', 126, 10), run(249, 'gw-2', 125, 1)])
    expect(await there.tree.tails(1)).toEqual([run(0, 'gw-1', 1, 1)])
    expect(await there.tree.tails(0)).toEqual([])
    expect(await there.tree.keyLeaves()).toEqual([0, 7])
  })

  test('leaves out an entry that somebody has removed, and moves no other', async () => {
    const { here, bed } = pair()
    await here.ledger.append(entries('gw-1', 5))
    await here.tree.extend(growth(await take(here.tree, 'gw-1'), 0, [run(0, 'gw-1', 1, 5)]))
    await bed.sql(`delete from ${bed.schema}ledger where seq = 3`)
    expect((await here.tree.read(0, 10)).map(({ index, seq }) => [index, seq])).toEqual([
      [0, 1],
      [1, 2],
      [3, 4],
      [4, 5],
    ])
  })

  test('keeps tiles, each as wide as it has become', async () => {
    const { here, there } = pair()
    const term = await take(here.tree, 'gw-1')
    const bytes = (width: number, fill: number) => Buffer.alloc(32 * width, fill)
    const tile = (level: number, index: number, width: number, fill: number) => ({ level, n: index, hashes: bytes(width, fill) })
    await here.tree.extend(growth(term, 0, [run(0, 'gw-1', 1, 1)], { tiles: [tile(0, 0, 1, 7)] }))
    await here.tree.extend(growth(term, 1, [run(0, 'gw-1', 1, 300)], { tiles: [tile(0, 0, 256, 7), tile(0, 1, 44, 8), tile(1, 0, 1, 9)] }))
    const kept = async (level: number, index: number) => Buffer.from((await there.tree.tile(level, index)) ?? [])
    expect(await kept(0, 0)).toEqual(bytes(256, 7))
    expect(await kept(0, 1)).toEqual(bytes(44, 8))
    expect(await kept(1, 0)).toEqual(bytes(1, 9))
    expect(await there.tree.tile(1, 1)).toBeNull()
  })

  test.each([`'not base64!'`, `''`, `'QUJD'`])('uses no tile that a gateway did not write: %s', async (hashes) => {
    const { here, bed } = pair()
    const tiles = [{ level: 0, n: 0, hashes: Buffer.alloc(32) }]
    await here.tree.extend(growth(await take(here.tree, 'gw-1'), 0, [run(0, 'gw-1', 1, 1)], { tiles }))
    await bed.sql(`update ${bed.schema}tiles set hashes = ${hashes}`)
    await expect(here.tree.tile(0, 0)).rejects.toThrow(StoreUnavailable)
  })

  test.each([`origin = 'elsewhere'`, 'size = -1'])('uses no state that a gateway did not write: %s', async (change) => {
    const { here, bed } = pair()
    await bed.sql(`update ${bed.schema}tree set ${change}`)
    await expect(here.tree.state()).rejects.toThrow('table tree is not what a gateway wrote')
  })

  test('keeps a checkpoint of a size, the holder’s first, and adds cosignatures to it', async () => {
    const { here, there } = pair()
    const term = await take(here.tree, 'gw-1')
    expect(await here.tree.checkpoint()).toBeNull()
    const signed = (size: number, note = `note ${size}`) => ({ size, at: size * 10, note })
    expect(await here.tree.addCheckpoint(term, signed(5))).toBe(true)
    expect(await here.tree.addCheckpoint(term, signed(5, 'another'))).toBe(false)
    expect(await there.tree.addCheckpoint(term - 1, signed(6))).toBe(false)
    expect(await here.tree.addCheckpoint(term, signed(9))).toBe(true)
    expect(await there.tree.checkpoint()).toEqual(signed(9))
    expect(await there.tree.checkpoint(8)).toEqual(signed(5))
    expect(await there.tree.checkpoint(4)).toBeNull()
    expect(await there.tree.checkpointCovering(5)).toEqual(signed(5))
    expect(await there.tree.checkpointCovering(6)).toEqual(signed(9))
    expect(await there.tree.checkpointCovering(10)).toBeNull()
    const both = await Promise.all([here.tree.cosign(signed(9, 'with one'), 'note 9'), there.tree.cosign(signed(9, 'with another'), 'note 9')])
    expect(both.filter(Boolean)).toHaveLength(1)
    expect(await here.tree.checkpoint()).toEqual(signed(9, both[0] ? 'with one' : 'with another'))
  })

  test('keeps the last signed head of each chain under a checkpoint, and all that come after it', async () => {
    const { here, there } = pair()
    const signed = (gateway: string, seq: number) => ({ gateway, seq, hash: 'a'.repeat(64), key: 'k', signature: 's' })
    for (const gateway of ['gw-1', 'gw-2', 'gw-3'])
      for (let seq = 1; seq <= 9; seq += 2) await here.ledger.append(entries(gateway, seq + 1).slice(-2), signed(gateway, seq))
    const term = await take(here.tree, 'gw-1')
    await here.tree.extend(growth(term, 0, [run(0, 'gw-1', 1, 5), run(5, 'gw-2', 1, 6), run(11, 'gw-1', 6, 2), run(13, 'gw-2', 7, 3)]))
    const heads = async () =>
      (await Promise.all(['gw-1', 'gw-2', 'gw-3'].map((gateway) => there.ledger.signedHeads(gateway, 1, 100)))).map((of) => of.map(({ seq }) => seq))
    const all = [1, 3, 5, 7, 9]
    expect(await heads()).toEqual([all, all, all])
    await here.tree.addCheckpoint(term - 1, { size: 13, at: 1, note: 'not the holder' })
    expect(await heads()).toEqual([all, all, all])
    await here.tree.addCheckpoint(term, { size: 13, at: 1, note: 'note' })
    // Up to entry 7 of the first, 6 of the second, and nothing of the third.
    expect(await heads()).toEqual([[7, 9], [5, 7, 9], all])
    await here.tree.addCheckpoint(term, { size: 16, at: 2, note: 'note' })
    expect(await heads()).toEqual([[7, 9], [9], all])
  })
}
