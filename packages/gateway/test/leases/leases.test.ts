import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AccountKeeper } from '../../src/adapters/adapter.ts'
import { Leases } from '../../src/leases/leases.ts'
import { DEAD_MS, Housekeeping } from '../../src/session/housekeeping.ts'
import type { LeaseRecord } from '../../src/store/store.ts'
import { type Made, openSession, servicesOf } from '../session/services.ts'
import { type Bed, openBed } from '../workflow/bed.ts'

const BEAT_MS = 5_000

let bed: Bed
let made: Made
let leases: Leases
/** What the target has; while `trouble` is set it takes nothing. */
let accounts: Set<string>
let trouble: string | null
let errors: unknown[]

beforeEach(async () => {
  bed = await openBed()
  made = servicesOf(bed)
  ;[accounts, trouble, errors] = [new Set(), null, []]
  const reach = () => (trouble === null ? Promise.resolve() : Promise.reject(new Error(trouble)))
  const keeper: AccountKeeper = {
    kind: 'postgres role',
    invent: ({ id, endsAt }) => ({ name: `cs_${id}`, password: 'canary', endsAt, reads: true }),
    make: async (_, { name }) => {
      expect(await bed.context.store.leases.list({ open: true })).toContainEqual(expect.objectContaining({ account: name, state: 'live' }))
      accounts.add(name) // before it fails: nobody knows what became of it
      await reach()
    },
    remove: async (_, name) => {
      await reach()
      accounts.delete(name)
    },
  }
  leases = new Leases({ ...made.services, onError: (error) => errors.push(error) }, keeper)
})
afterEach(async () => {
  made.registry.close()
  await bed.close()
})

const open = () => bed.context.store.leases.list({ open: true })
const sweep = async () => {
  await leases.sweep()
  await leases.ended()
}
const lend = async (id: string) => leases.lease(await openSession(made, id), 'orders')

test('an account that could not be made for certain is removed, and the lease says what became of it', async () => {
  trouble = 'the target is away'
  await expect(lend('ses')).rejects.toThrow('the target is away')
  await leases.ended()
  expect(await open()).toMatchObject([{ state: 'removing', attempts: 1, lastError: 'the target is away', nextAt: bed.clock.now() + 5_000 }])
  trouble = null
  await sweep()
  expect(accounts.size).toBe(1) // it is not time yet
  bed.clock.pass(5_000)
  await sweep()
  expect([await open(), accounts.size, errors.length]).toEqual([[], 0, 1])
  expect((await bed.entries()).map(({ type }) => type).filter((type) => type.startsWith('lease'))).toEqual(['lease.made', 'lease.removed'])
  expect(JSON.stringify([await bed.entries(), await bed.context.store.leases.list({})])).not.toContain('canary')
})

test('of a live session it is left alone; of one that is gone without a word it is removed', async () => {
  await lend('alive')
  const lost = await openSession(made, 'lost')
  await leases.lease(lost, 'orders')
  made.registry.remove(lost.id)
  await sweep()
  expect((await open()).map(({ session }) => session)).toEqual(['alive'])
  expect(accounts).toEqual(new Set(['cs_alive']))
})

test('of another gateway it is removed once that gateway is dead, and never before', async () => {
  const theirs: LeaseRecord = {
    id: 'lease-theirs',
    version: 1,
    kind: 'postgres role',
    resource: 'orders',
    account: 'cs_theirs',
    session: 'theirs',
    gateway: 'gw-other',
    state: 'live',
    createdAt: bed.clock.now(),
    endsAt: bed.clock.now() + 3_600_000,
    attempts: 0,
    lastError: null,
    nextAt: null,
    removedAt: null,
  }
  accounts.add('cs_theirs')
  await bed.context.store.leases.insert(theirs)
  await bed.context.store.gateways.beat('gw-other', bed.clock.now(), null)
  const housekeeping = new Housekeeping(made.services, 'gateway', (gateway) => leases.takeOver(gateway))
  for (let passed = 0; passed < DEAD_MS; passed += BEAT_MS) {
    bed.clock.pass(BEAT_MS)
    await housekeeping.beat()
    await sweep()
    expect(await open()).toEqual([theirs])
  }
  bed.clock.pass(BEAT_MS)
  await housekeeping.beat()
  await sweep()
  expect([await open(), accounts.size]).toEqual([[], 0])
  expect(await bed.context.store.leases.get('lease-theirs')).toMatchObject({ state: 'removed', gateway: bed.context.journal.gateway })
})
