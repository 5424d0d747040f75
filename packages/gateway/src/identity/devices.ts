import { createHash, randomBytes, randomInt } from 'node:crypto'
import { principalId } from '@countersign/core/principal'
import type { Journal } from '../journal/journal.ts'
import type { DeviceRecord, DeviceStore } from '../store/device-store.ts'
import type { TokenRecord } from '../store/store.ts'
import { WorkflowError } from '../workflow/workflow.ts'
import { Attempts } from './attempts.ts'
import type { Caller } from './caller.ts'
import type { Desk } from './desk.ts'
import { sourceOf } from './source.ts'

/** No vowels, so that no code is a word (RFC 8628 section 6.1): 20^8 of them, 34 bits. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
const LIFE_MS = 600_000
const INTERVAL_MS = 5_000
/** By how much a client that polls too soon has to slow down (RFC 8628 section 3.5). */
const SLOWER_MS = 5_000
/** A poll may arrive this much early: clocks and networks are not exact. */
const EARLY_MS = 500
/** So many may wait at once: with ten guesses a minute each, nobody finds one of them by guessing in the ten minutes that it lives. */
const MOST_WAITING = 1_000
const MINUTE_MS = 60_000
const MOST_A_MINUTE = 10

export interface Asking {
  readonly client: string
  readonly host: string | null
  readonly address: string
}

interface Parts {
  readonly store: DeviceStore
  readonly desk: Pick<Desk, 'createFor'>
  readonly journal: Journal
  readonly now: () => number
}

/** Signing in at a command line, confirmed on the web by somebody who is signed in there (RFC 8628). */
export class Devices {
  readonly #parts: Parts
  readonly #begun: Attempts
  readonly #wrong: Attempts

  constructor(parts: Parts) {
    this.#parts = parts
    this.#begun = new Attempts(MOST_A_MINUTE, MINUTE_MS, parts.now)
    this.#wrong = new Attempts(MOST_A_MINUTE, MINUTE_MS, parts.now)
  }

  /** `deviceCode` is told here once. Throws WorkflowError `too-many`. */
  async begin({ client, host, address }: Asking): Promise<{ readonly deviceCode: string; readonly device: DeviceRecord }> {
    if (!this.#begun.take(sourceOf(address)))
      throw new WorkflowError('too-many', `${address} has asked ${MOST_A_MINUTE} times in this minute; wait for the next`)
    const deviceCode = randomBytes(32).toString('base64url')
    const now = this.#parts.now()
    const device: DeviceRecord = {
      id: `dev-${randomBytes(6).toString('hex')}`,
      version: 1,
      hash: hashOf(deviceCode),
      userCode: Array.from({ length: 8 }, () => LETTERS[randomInt(LETTERS.length)]).join(''),
      client,
      host,
      address,
      createdAt: now,
      expiresAt: now + LIFE_MS,
      state: 'pending',
      by: null,
      polledAt: null,
      intervalMs: INTERVAL_MS,
    }
    if (!(await this.#parts.store.insert(device, MOST_WAITING))) throw new WorkflowError('too-many', 'too many wait to be signed in; try again in some minutes')
    return { deviceCode, device }
  }

  /** Who asks under this code. For whoever is signed in on the web: throws WorkflowError. */
  async show(caller: Caller, userCode: string): Promise<DeviceRecord> {
    assertSignedIn(caller)
    const { user } = caller.principal
    if (!this.#wrong.left(user)) throw new WorkflowError('too-many', 'too many codes that there are not; wait a minute')
    const device = await this.#parts.store.find({ userCode: userCode.replace('-', '').toUpperCase() })
    if (device && (device.by === null || device.by.user === user)) return device
    this.#wrong.take(user)
    throw new WorkflowError('not-found', 'no command line waits under this code; look at it again, codes are good for ten minutes')
  }

  /** Signs it in as the caller, or refuses it for good. */
  async decide(caller: Caller, userCode: string, confirm: boolean): Promise<DeviceRecord> {
    const device = await this.show(caller, userCode)
    const now = this.#parts.now()
    if (device.state !== 'pending' || now >= device.expiresAt)
      throw new WorkflowError('invalid', `this code is ${stateOf(device, now)}; run countersign login again`)
    const by = { user: caller.principal.user, mayReview: caller.mayReview, proven: caller.proven }
    const next: DeviceRecord = { ...device, version: device.version + 1, state: confirm ? 'confirmed' : 'refused', by }
    await this.#parts.journal.append(
      {
        type: confirm ? 'device.confirmed' : 'device.refused',
        body: { device: device.id, by: principalId(caller.principal) },
        secret: { client: device.client, host: device.host, address: device.address },
        person: by.user,
      },
      'disk',
    )
    if (!(await this.#parts.store.save(next))) throw new WorkflowError('invalid', 'somebody else was first; run countersign login again')
    return next
  }

  /** The token of a command line that was confirmed, once. Throws WorkflowError with the reasons of RFC 8628 section 3.5. */
  async redeem(deviceCode: string): Promise<{ readonly token: string; readonly record: TokenRecord }> {
    const { store, desk, now } = this.#parts
    const device = await store.find({ hash: hashOf(deviceCode) })
    if (!device || device.state === 'used') throw over()
    if (device.state === 'refused') throw new WorkflowError('access-denied', 'it was refused on the web')
    const at = now()
    if (at >= device.expiresAt) throw over()
    const tooSoon = device.polledAt !== null && at - device.polledAt < device.intervalMs - EARLY_MS
    const intervalMs = device.intervalMs + (tooSoon ? SLOWER_MS : 0)
    await store.polled(device.id, at, intervalMs)
    if (tooSoon) throw new WorkflowError('slow-down', `wait ${intervalMs / 1000} s from one question to the next`)
    if (device.state === 'pending' || device.by === null) throw new WorkflowError('authorization-pending', 'nobody has confirmed it yet')
    if (!(await store.save({ ...device, version: device.version + 1, state: 'used' }))) throw over()
    return desk.createFor(device.by, device.host ?? device.client)
  }
}

const over = () => new WorkflowError('expired-code', 'there is no such code, it is too old, or its token was fetched already; run `countersign login` again')

export function stateOf({ state, expiresAt }: DeviceRecord, now: number): DeviceRecord['state'] | 'expired' {
  return state === 'pending' && now >= expiresAt ? 'expired' : state
}

/** By a cookie and nothing else: a token that could confirm would make tokens that outlive it. */
function assertSignedIn({ by }: Caller): void {
  if (by.kind !== 'login') throw new WorkflowError('forbidden', 'a command line is signed in by somebody who is signed in on the web')
}

const hashOf = (code: string) => createHash('sha256').update(code).digest('hex')
