import type { KeyObject } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import type { Config } from '../config/config.ts'
import { signerOf } from '../ledger/signer.ts'
import { openLedger, type OpenLedger } from '../store/open.ts'
import { Mover, OtherHistory, type Source } from './mover.ts'

/** What the thread is started with. */
export interface Start extends Source {
  readonly config: Pick<Config, 'store' | 'data'>
}

/** `move`: up to this sequence, which is on disk, signed with `key`; asked again only after the answer. `stop`: end after the batch under way. */
export type Question = { readonly move: number; readonly key: KeyObject } | 'stop'

/** `ran`: the requests of whose runs the entries tell. `other-history` will not get better. After `failed` the same may be asked again. */
export type Answer = { readonly result: 'moved'; readonly ran: readonly string[] } | { readonly result: 'failed' | 'other-history'; readonly message: string }

const { config, ...source }: Start = workerData
const mover = new Mover(source)
let ledger: OpenLedger | null = null
let turn: Promise<void> = Promise.resolve()

parentPort?.on('message', (question: Question) => {
  if (question === 'stop') mover.stop()
  turn = turn.then(() => (question === 'stop' ? stop() : move(question.move, question.key)))
})

async function move(durable: number, key: KeyObject): Promise<void> {
  parentPort?.postMessage(await answer(durable, key))
}

async function answer(durable: number, key: KeyObject): Promise<Answer> {
  try {
    ledger ??= await openLedger(config)
    return { result: 'moved', ran: await mover.move(ledger, durable, signerOf(key)) }
  } catch (error) {
    // A connection that failed once may be dead for good: the next attempt makes its own.
    await closeLedger()
    return { result: error instanceof OtherHistory ? 'other-history' : 'failed', message: error instanceof Error ? error.message : String(error) }
  }
}

/** Nothing keeps the thread alive then. */
async function stop(): Promise<void> {
  await closeLedger()
  parentPort?.close()
}

async function closeLedger(): Promise<void> {
  const closing = ledger
  ledger = null
  await closing?.close()
}
