import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { User, Users } from '../../src/identity/caller.ts'
import type { Channel, Parcel } from '../../src/notify/channel.ts'
import type { Item } from '../../src/notify/message.ts'
import { Planner } from '../../src/notify/planner.ts'
import { Sender } from '../../src/notify/sender.ts'
import { Wishes } from '../../src/notify/wishes.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { NOW } from '../../../core/test/arbitraries.ts'
import { HandClock } from '../workflow/bed.ts'
import { aUser } from './users.ts'

/** Somebody was told: `email bob@example.com: req-1 waits …`. */
export type Told = string

/** What tells people, over a real store, with a clock set by hand; channels only write down what they are given. */
export interface Bed {
  readonly store: Store
  readonly clock: HandClock
  readonly told: Told[]
  readonly parcels: Parcel[]
  /** Who there is; a test changes it. */
  people: readonly User[]
  /** What a channel does before it takes a message. */
  before: (parcel: Parcel) => Promise<void>
  beforeHook: () => Promise<void>
  /** The parts of one more gateway. */
  gateway(): { readonly planner: Planner; readonly sender: Sender }
  /** One gateway plans everything and sends what is due. Resolves to what was told. */
  round(): Promise<readonly Told[]>
  close(): Promise<void>
}

export const EVERY_MS = 600_000

export async function openBed(): Promise<Bed> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-notify-'))
  const store = await openStore({ store: { kind: 'sqlite' }, data: folder })
  const clock = new HandClock()
  clock.wall = NOW
  const users: Users = {
    user: (name) => bed.people.find((user) => user.name === name && user.active) ?? null,
    users: () => bed.people,
    onChange: () => () => undefined,
  }
  const channel = (name: string): Channel => ({
    send: async (parcel) => {
      await bed.before(parcel)
      bed.parcels.push(parcel)
      bed.told.push(`${name} ${parcel.to.name}: ${parcel.message.title}`)
    },
  })
  const webhook = {
    send: async (_id: string, { event }: Item) => {
      await bed.beforeHook()
      bed.told.push(`webhook: ${event.type}`)
    },
  }
  const gateway = () => {
    const wishes = new Wishes(store.notifications, users, clock)
    const planner = new Planner({ store, users, wishes, clock, personal: ['email', 'push'], webhooks: ['webhook-1'] })
    const sender = new Sender({
      store,
      users,
      clock,
      wishes,
      deliveries: store.notifications,
      repeat: { everyMs: EVERY_MS, times: 3 },
      personal: { email: channel('email'), push: channel('push') },
      webhooks: new Map([['webhook-1', webhook]]),
      onOutcome: () => undefined,
    })
    return { planner, sender }
  }
  const own = gateway()
  const bed: Bed = {
    store,
    clock,
    told: [],
    parcels: [],
    people: [aUser('alice@example.com'), aUser('bob@example.com', { groups: ['dba'] }), aUser('carol@example.com', { groups: ['sales'] })],
    before: () => Promise.resolve(),
    beforeHook: () => Promise.resolve(),
    gateway,
    round: async () => {
      bed.told.length = 0
      await own.planner.everything()
      await own.sender.round(new AbortController().signal)
      return bed.told.toSorted()
    },
    close: async () => {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
  return bed
}
