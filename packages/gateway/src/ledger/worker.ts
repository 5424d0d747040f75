import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { Config } from '../config/config.ts'
import { LedgerIndexing } from '../export/indexing.ts'
import { openTree, type OpenTree } from '../store/open.ts'
import type { Stop } from './chains.ts'
import { Checkpoints, remembered, type Sign } from './checkpoints.ts'
import { Sequencer, type Turn } from './sequencer.ts'
import { openWitness } from '../witness/open.ts'
import { Witnesses, type WitnessState } from '../witness/witnesses.ts'
import { TreeAltered } from './stored-tiles.ts'

/** What the thread is started with. */
export interface Start {
  readonly config: Pick<Config, 'store' | 'data' | 'witnesses'>
  readonly gateway: string
}

export type Question =
  | { readonly kind: 'stop' }
  | { readonly kind: 'signed'; readonly id: number; readonly publicKey: Uint8Array; readonly signature: Uint8Array }

/** How the tree is doing, as far as this gateway knows. */
export interface Status {
  readonly role: Turn['role'] | 'starting' | 'failing'
  /** Leaves; null while another gateway sequences. */
  readonly size: number | null
  /** Leaves of the last checkpoint that was signed here, and when, Unix milliseconds. */
  readonly signed: { readonly size: number; readonly at: number } | null
  /** Chains that go no further. */
  readonly stops: readonly Stop[]
  /** What each witness has seen; empty while another gateway sequences. */
  readonly witnesses: readonly WitnessState[]
  /** Why searches have no help of the index from here on; null when there is nothing to say. */
  readonly index: string | null
  /** Why nothing is done: the store does not answer, or what it has is not what gateways wrote (`altered`). */
  readonly trouble: { readonly altered: boolean; readonly message: string } | null
}

export type Answer = { readonly kind: 'status'; readonly status: Status } | { readonly kind: 'sign'; readonly id: number; readonly text: Uint8Array }

/** How long new entries wait at most, when there was nothing to do. */
const IDLE_MS = 500
const LONGEST_WAIT_MS = 10_000

const { config, gateway }: Start = workerData
const stopping = new AbortController()
const signing = new Map<number, PromiseWithResolvers<Awaited<ReturnType<Sign>>>>()
let status: Status = { role: 'starting', size: null, signed: null, stops: [], witnesses: [], index: null, trouble: null }
let asked = 0

parentPort?.on('message', (question: Question) => {
  if (question.kind === 'stop') return stopping.abort()
  const { id, publicKey, signature } = question
  signing.get(id)?.resolve({ publicKey, signature })
  signing.delete(id)
})
await run()
parentPort?.close()

/** The key stays in the main thread. */
function sign(text: Uint8Array): ReturnType<Sign> {
  const answer = Promise.withResolvers<Awaited<ReturnType<Sign>>>()
  signing.set(++asked, answer)
  tell({ kind: 'sign', id: asked, text })
  return answer.promise
}

async function run(): Promise<void> {
  for (let wait = IDLE_MS; !stopping.signal.aborted;) {
    const store = await openTree(config)
    try {
      await work(store, () => (wait = IDLE_MS))
    } catch (error) {
      report({
        ...status,
        role: 'failing',
        size: null,
        trouble: { altered: error instanceof TreeAltered, message: error instanceof Error ? error.message : String(error) },
      })
      wait = Math.min(wait * 2, LONGEST_WAIT_MS)
      await rest(wait)
    } finally {
      // A connection that failed once may be dead for good.
      await store.close().catch(() => {})
    }
  }
}

/** Until it is to stop. Rejects when something fails. */
async function work(store: OpenTree, went: () => void): Promise<void> {
  const sequencer = new Sequencer(store, { gateway, remembered: () => remembered(config.data) })
  const witnesses = new Witnesses(
    store.tree,
    config.data,
    config.witnesses.map(openWitness),
    () => sequencer.growing && report({ ...status, witnesses: witnesses.states }),
  )
  const checkpoints = new Checkpoints(store.tree, config.data, { gateway, sign, witnessed: () => witnesses.witnessed })
  try {
    await tend({ sequencer, checkpoints, witnesses, indexing: new LedgerIndexing(store) }, went)
  } finally {
    witnesses.stop()
  }
}

interface Tended {
  readonly sequencer: Sequencer
  readonly checkpoints: Checkpoints
  readonly witnesses: Witnesses
  readonly indexing: LedgerIndexing
}

async function tend({ sequencer, checkpoints, witnesses, indexing }: Tended, went: () => void): Promise<void> {
  while (!stopping.signal.aborted) {
    const turn = await sequencer.turn()
    const { growing } = sequencer
    if (!growing) checkpoints.forget()
    else if (checkpoints.isDue(growing)) await seal(sequencer, checkpoints, witnesses)
    report({
      ...status,
      role: turn.role,
      size: growing?.size ?? null,
      witnesses: growing ? witnesses.states : [],
      stops: turn.role === 'sequencer' ? turn.stops : [],
      trouble: null,
    })
    went()
    const indexed = growing ? await index(indexing, growing.size) : 0
    if (turn.role !== 'sequencer' || turn.added + indexed === 0) await rest(IDLE_MS)
  }
  // What came since the last checkpoint is signed now: nobody may be there to do it later.
  await seal(sequencer, checkpoints, witnesses)
  await sequencer.stop()
}

/** What is wrong with the index is told, and keeps nothing of the tree waiting. */
async function index(indexing: LedgerIndexing, size: number): Promise<number> {
  try {
    const blocks = await indexing.turn(size)
    if (blocks > 0) status = { ...status, index: null }
    return blocks
  } catch (error) {
    status = { ...status, index: error instanceof Error ? error.message : String(error) }
    return 0
  }
}

async function seal(sequencer: Sequencer, checkpoints: Checkpoints, witnesses: Witnesses): Promise<void> {
  if (!sequencer.growing) return
  const signed = await checkpoints.sign(sequencer.growing)
  if (signed === 'lost') sequencer.lost()
  else if (signed) {
    status = { ...status, signed: { size: signed.size, at: signed.at } }
    witnesses.show(signed)
  }
}

function report(next: Status): void {
  const changed = JSON.stringify(next) !== JSON.stringify(status)
  status = next
  if (changed) tell({ kind: 'status', status })
}

function tell(answer: Answer): void {
  parentPort?.postMessage(answer)
}

function rest(ms: number): Promise<unknown> {
  return sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined)
}
