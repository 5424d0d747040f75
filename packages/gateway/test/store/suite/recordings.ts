import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyRecording, runs } from '../arbitraries.ts'
import type { Pair } from '../bed.ts'

export function recordings(pair: () => Pair): void {
  test('any recording, one a session, as inserted and as saved by one of two', async () => {
    const { here, there } = pair()
    const property = fc.asyncProperty(anyRecording, anyRecording, async (recording, later) => {
      const { session, version } = recording
      const inserted = await Promise.all([here.recordings.insert(recording), there.recordings.insert(recording)])
      expect(inserted.filter(Boolean)).toEqual([true])
      expect(await here.recordings.insert({ ...later, session })).toBe(false)
      expect(await there.recordings.get(session)).toEqual(recording)
      const next = { ...later, session, version: version + 1 }
      expect((await Promise.all([here.recordings.save(next), there.recordings.save(next)])).filter(Boolean)).toEqual([true])
      expect(await here.recordings.get(session)).toEqual(next)
    })
    await fc.assert(property, runs(40))
  })

  test('recordings, newest first, page by page, by whose they are and when they were', async () => {
    const { here, there } = pair()
    const [sample] = fc.sample(anyRecording, { numRuns: 1, seed: 1 })
    if (!sample) throw new Error('there is no sample')
    const all = [
      { session: 'a', startedAt: 1, endedAt: 4, user: 'alice', principal: 'alice', resource: 'db', stage: 'recorded' as const, gateway: 'gw-1' },
      { session: 'b', startedAt: 2, endedAt: 3, user: 'alice', principal: 'alice/claude', resource: 'db', stage: 'deleted' as const, gateway: 'gw-1' },
      { session: 'c', startedAt: 2, endedAt: 9, user: 'bob', principal: 'bob', resource: 'other', stage: 'recorded' as const, gateway: 'gw-2' },
    ]
    for (const each of all) await here.recordings.insert({ ...sample, ...each })
    const ids = async (filter: Omit<Parameters<typeof there.recordings.list>[0], 'limit'>, limit = 10) =>
      (await there.recordings.list({ ...filter, limit })).map(({ session }) => session)
    expect(await ids({})).toEqual(['c', 'b', 'a'])
    expect(await ids({}, 1)).toEqual(['c'])
    expect(await ids({ after: { startedAt: 2, session: 'c' } })).toEqual(['b', 'a'])
    expect(await ids({ after: { startedAt: 2, session: 'b' } })).toEqual(['a'])
    expect(await ids({ user: 'alice' })).toEqual(['b', 'a'])
    expect(await ids({ principal: 'alice' })).toEqual(['a'])
    expect(await ids({ resource: 'db', stage: 'recorded', gateway: 'gw-1' })).toEqual(['a'])
    expect(await ids({ from: 4, until: 1 })).toEqual(['a'])
    expect(await ids({ from: 5 })).toEqual(['c'])
    expect(await ids({ endedBefore: 4 })).toEqual(['b'])
    expect(await here.recordings.get('nowhere')).toBeNull()
  })

  test('how far a journal has been read', async () => {
    const { here, there } = pair()
    expect(await here.recordings.place('gw-1')).toBeNull()
    await here.recordings.setPlace('gw-1', 7)
    await there.recordings.setPlace('gw-1', 12)
    expect(await here.recordings.place('gw-1')).toBe(12)
  })
}
