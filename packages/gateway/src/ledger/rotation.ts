import { rotationText } from '@countersign/ledger/gateway-key'
import type { Config } from '../config/config.ts'
import { type Drain, drainInto } from '../journal/drain.ts'
import { workerId, workersIn } from '../journal/files.ts'
import { type LocalJournal, openJournal } from '../journal/open.ts'
import { WorkflowError } from '../workflow/workflow.ts'
import { adoptKey, nameOf } from './signer.ts'
import type { SigningKey } from './signing-key.ts'

export interface Rotating {
  readonly config: Pick<Config, 'store' | 'data'>
  /** The gateway's own. */
  readonly journal: LocalJournal
  readonly key: SigningKey
  /** Of its own chain, and of those of its workers that run. */
  readonly drains: () => readonly Drain[]
}

/** Keys as entries name them. */
export interface RotatedKey {
  readonly gateway: string
  readonly key: string
  readonly previous: string
}

/**
 * Puts a new signing key in the place of the gateway's, which signs it and is gone then. First everything recorded goes into the
 * store under the key before, so that it is certain what that one has vouched for; rejects with WorkflowError `unavailable`
 * when it cannot, and nothing has changed.
 */
export async function rotateSigningKey(rotating: Rotating): Promise<RotatedKey> {
  const { config, journal, key, drains } = rotating
  const resting = await flushAll(rotating).catch((cause: unknown) => {
    throw new WorkflowError('unavailable', `a key is rotated when all entries are in the store, and they are not: ${String(cause)}`)
  })
  const { gateway } = journal
  const previous = nameOf(key)
  await key.change(async () => {
    const through = { ...resting, ...movedBy(drains()) }
    return adoptKey(config.data, gateway, (next) => {
      const signature = Buffer.from(key.sign(rotationText({ gateway, key: next, through }))).toString('base64')
      return journal.append({ type: 'gateway.key-rotated', body: { key: next, signature, through } }, 'disk')
    })
  })
  return { gateway, key: nameOf(key), previous }
}

function movedBy(drains: readonly Drain[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    drains.map(({ gateway, moved }) => {
      if (moved !== null) return [gateway, moved]
      throw new WorkflowError('unavailable', `it is not known how far the entries of ${gateway} are in the store, so its key was not rotated; try again`)
    }),
  )
}

/** Resolves to where the chains end of which no process is there: those of workers that are no longer configured, or not running. */
async function flushAll({ config, journal, key, drains }: Rotating): Promise<Readonly<Record<string, number>>> {
  const running = drains()
  await Promise.all(running.map((drain) => drain.flush()))
  const resting: Record<string, number> = {}
  for (const worker of workersIn(config.data, journal.gateway)) {
    const chain = workerId(journal.gateway, worker)
    if (!running.some(({ gateway }) => gateway === chain)) resting[chain] = await flushResting(config, worker, key)
  }
  return resting
}

async function flushResting(config: Rotating['config'], worker: number, key: SigningKey): Promise<number> {
  const journal = await openJournal({ directory: config.data, worker })
  const drain = drainInto(config, journal, key)
  try {
    await drain.flush()
    return journal.seq
  } finally {
    await drain.stop()
    await journal.close()
  }
}
