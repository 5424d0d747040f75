import { afterEach, beforeEach, expect, test } from 'vitest'
import { DEAD_MS, Housekeeping } from '../../src/session/housekeeping.ts'
import { aSession } from '../store/values.ts'
import { type Bed, openBed } from '../workflow/bed.ts'
import { type Made, openSession, servicesOf } from './services.ts'

const BEAT_MS = 5_000
const OTHER = 'gw-other'

let bed: Bed
let made: Made
let housekeeping: Housekeeping

beforeEach(async () => {
  bed = await openBed()
  made = servicesOf(bed)
  housekeeping = new Housekeeping(made.services)
  await bed.context.store.sessions.insert(aSession({ id: 'theirs', gateway: OTHER, grant: null }))
})
afterEach(async () => {
  housekeeping.stop()
  made.registry.close()
  await bed.close()
})

const session = (id: string) => bed.context.store.sessions.get(id)
const otherSays = (at: number) => bed.context.store.gateways.beat(OTHER, at, null)

/** Our store answers all the time. */
async function beats(ms: number) {
  for (let passed = 0; passed < ms; passed += BEAT_MS) {
    bed.clock.pass(BEAT_MS)
    await housekeeping.beat()
  }
}

test('the sessions of a gateway that is silent for too long are closed in the record, and in the ledger', async () => {
  await otherSays(bed.clock.now())
  await beats(DEAD_MS)
  expect(await session('theirs')).toMatchObject({ endedAt: null })
  await beats(BEAT_MS)
  expect(await session('theirs')).toMatchObject({ endReason: 'its gateway is gone' })
  expect((await bed.entries()).at(-1)).toMatchObject({ type: 'session.lost', body: { session: 'theirs', gateway: OTHER } })
})

test.each([
  ['far behind', -86_400_000],
  ['far ahead', 86_400_000],
])('a gateway whose clock is %s is not dead while it says anything new', async (_, skew) => {
  for (let passed = 0; passed < 3 * DEAD_MS; passed += BEAT_MS) {
    await otherSays(bed.clock.now() + skew)
    await beats(BEAT_MS)
  }
  expect(await session('theirs')).toMatchObject({ endedAt: null })
})

test('nobody is dead only because we could not look', async () => {
  await otherSays(bed.clock.now())
  await beats(2 * BEAT_MS)
  bed.clock.pass(10 * DEAD_MS) // our machine slept
  await beats(BEAT_MS)
  expect(await session('theirs')).toMatchObject({ endedAt: null })
})

test('what was open when this gateway died is closed before it takes anybody in', async () => {
  await openSession(made, 'mine')
  await housekeeping.start(new Set())
  expect(await session('mine')).toMatchObject({ endReason: 'the gateway was restarted' })
  expect((await bed.entries()).map(({ type }) => type)).toEqual(['grant.issued', 'grant.ended', 'session.ended'])
})

test('a session that ended while the store did not answer is closed later; one that lives is left alone', async () => {
  const lost = await openSession(made, 'lost')
  await openSession(made, 'alive')
  made.registry.remove(lost.id)
  await beats(BEAT_MS)
  expect(await session('lost')).toMatchObject({ endReason: 'it ended while the store did not answer' })
  expect(await session('alive')).toMatchObject({ endedAt: null })
})
