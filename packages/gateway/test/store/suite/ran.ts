import { expect, test, vi } from 'vitest'
import { type RunRecord, type StoreEvent, StoreUnavailable } from '../../../src/store/store.ts'
import type { Pair } from '../bed.ts'

const aRun = (run: string, change: Partial<RunRecord> = {}): RunRecord => ({
  request: 'req-1',
  run,
  gateway: 'gw-1',
  at: 1_000,
  started: 1,
  outcome: null,
  isOver: false,
  ...change,
})
const entry = (seq: number) => ({ gateway: 'gw-1', seq, line: `{"seq":${seq}}` })
const named = ({ latest }: { readonly latest: readonly RunRecord[] }) => latest.map(({ run }) => run)

export function ran(pair: () => Pair): void {
  test('what the entries say that come with it, from either side, until it is over', async () => {
    const { bed, here, there } = pair()
    const apart = await bed.openLedger()
    for (const [index, ledger] of [here.ledger, apart].entries()) {
      const [one, other] = [aRun(`ses-${index}.1`), aRun(`ses-${index}.2`, { request: `req-of-${index}` })]
      await ledger.append([entry(1)], null, [one, other])
      expect((await there.runs.of(`req-of-${index}`, 10, 100)).latest).toEqual([other])
      expect((await ledger.running('gw-1')).filter(({ run }) => run.startsWith(`ses-${index}`)).toSorted((a, b) => (a.run < b.run ? -1 : 1))).toEqual([
        one,
        other,
      ])
      await ledger.append([entry(2)], null, [{ ...one, outcome: 2 }])
      await ledger.append([entry(3)], null, [{ ...one, outcome: 3, isOver: true }])
      await ledger.append([entry(1)], null, [one, { ...other, outcome: 2 }])
      expect((await there.runs.of('req-1', 10, 100)).latest.find(({ run }) => run === one.run)).toEqual({ ...one, outcome: 3, isOver: true })
      expect((await there.runs.of(`req-of-${index}`, 10, 100)).latest).toEqual([{ ...other, outcome: 2 }])
      expect(await there.ledger.running('gw-2')).toEqual([])
    }
    await apart.close()
  })

  test('of a request the newest first, as many as are wanted, and how many there are, counted so far', async () => {
    const { here, there } = pair()
    await here.ledger.append(
      [],
      null,
      Array.from({ length: 12 }, (_, index) => aRun(`ses-1.${index + 10}`, { at: 1_000 + Math.floor(index / 2) })),
    )
    await here.ledger.append([], null, [aRun('ses-2.1', { request: 'req-2' })])
    expect(named(await there.runs.of('req-1', 3, 100))).toEqual(['ses-1.21', 'ses-1.20', 'ses-1.19'])
    expect(await Promise.all([100, 12, 7].map(async (most) => (await there.runs.of('req-1', 3, most)).count))).toEqual([12, 12, 7])
    expect(await there.runs.of('req-3', 3, 100)).toEqual({ count: 0, latest: [] })
    expect((await there.runs.of('req-2', 1, 100)).count).toBe(1)
  })

  test('nothing of entries that are not taken', async () => {
    const { bed, here } = pair()
    const apart = await bed.openLedger()
    for (const ledger of [here.ledger, apart])
      await expect(ledger.append([{ ...entry(1), seq: Number.NaN }], null, [aRun('ses-1.1')])).rejects.toThrow(StoreUnavailable)
    expect(await here.runs.of('req-1', 10, 100)).toEqual({ count: 0, latest: [] })
    await apart.close()
  })

  test('and tells every gateway when it is told to', async () => {
    const { here, there } = pair()
    const heard: StoreEvent[] = []
    for (const store of [here, there]) store.subscribe((event) => heard.push(event))
    await here.runs.announce(['req-1', 'req-2'])
    await vi.waitFor(() => expect(heard).toHaveLength(4))
    expect(heard.map((event) => `${event.kind} ${'id' in event ? event.id : ''}`).toSorted()).toEqual(['run req-1', 'run req-1', 'run req-2', 'run req-2'])
  })
}
