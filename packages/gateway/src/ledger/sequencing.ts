import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import type { Signer } from './signer.ts'
import type { Answer, Question, Start, Status } from './worker.ts'

/**
 * A checkout runs worker.ts beside this file; the published bundle has it as an entry of its own, `ledger-worker.js`
 * beside the bundle. A bundler cannot follow this URL: the packager names that entry.
 */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './ledger-worker.js', import.meta.url)

const RESTART_MS = 1_000

/** What is wrong, as this gateway knows it; nothing while another one sequences and says it itself. */
export const troubleOf = ({ trouble, stops, witnesses }: Status): readonly string[] => [
  ...(trouble ? [trouble.message] : []),
  ...stops.map(({ gateway, why }) => `${gateway}: ${why}`),
  ...witnesses.flatMap((witness) => (witness.trouble ? [`witness ${witness.name}: ${witness.trouble.message}`] : [])),
]

export interface SequencingOptions {
  readonly gateway: string
  /** Asked for each checkpoint, so that it is the one in force. */
  readonly signer: Signer
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Told when the tree in the store was altered, a chain is not what its gateway wrote, or a witness disagrees: not what passes by itself. */
  readonly onWrong: (what: 'altered' | 'stopped' | 'disagrees', name: string) => void
}

/**
 * The thread that gives entries their places in the tree and signs checkpoints, when this gateway is the one that does. It has a
 * connection to the store of its own; no statement waits for it. The key stays here: the thread asks for signatures.
 */
export class Sequencing {
  readonly #start: Start
  readonly #options: SequencingOptions
  #worker: Worker | null = null
  #ended: Promise<void> = Promise.resolve()
  #restart: NodeJS.Timeout | undefined
  #stopped = false
  #status: Status = { role: 'starting', size: null, signed: null, stops: [], witnesses: [], index: null, trouble: null }

  constructor(config: Pick<Config, 'store' | 'data' | 'witnesses'>, options: SequencingOptions) {
    this.#start = { config: { store: config.store, data: config.data, witnesses: config.witnesses }, gateway: options.gateway }
    this.#options = options
  }

  get status(): Status {
    return this.#status
  }

  start(): void {
    const worker = new Worker(WORKER, { workerData: this.#start })
    const ended = Promise.withResolvers<void>()
    let why = 'it ended'
    worker.on('message', (answer: Answer) => this.#heard(worker, answer))
    worker.on('error', (error) => (why = error instanceof Error ? error.message : String(error)))
    worker.on('exit', () => {
      ended.resolve()
      this.#worker = null
      if (this.#stopped) return
      this.#options.log.error({ why }, 'the thread that makes the ledger into a tree died; it is started again')
      this.#restart = setTimeout(() => this.start(), RESTART_MS)
    })
    this.#worker = worker
    this.#ended = ended.promise
  }

  /** Resolves when it has ended: after the transaction under way and a last checkpoint, and with the lease given back. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#restart)
    this.#worker?.postMessage({ kind: 'stop' } satisfies Question)
    await this.#ended
  }

  #heard(worker: Worker, answer: Answer): void {
    if (answer.kind === 'status') return this.#tell(answer.status)
    const { signer } = this.#options
    worker.postMessage({ kind: 'signed', id: answer.id, publicKey: signer.publicKey, signature: signer.sign(answer.text) } satisfies Question)
  }

  /** Says what has changed for the worse, and for the better again. */
  #tell(next: Status): void {
    const { log } = this.#options
    const before = this.#status
    this.#status = next
    if (next.role !== before.role && next.role !== 'failing') log.info({ role: next.role }, 'the ledger’s tree')
    if (next.trouble && next.trouble.message !== before.trouble?.message) {
      if (next.trouble.altered) {
        log.error({ why: next.trouble.message }, 'the ledger’s tree in the store is not what gateways made it')
        this.#options.onWrong('altered', this.#start.gateway)
      } else log.warn({ why: next.trouble.message }, 'the ledger’s tree waits for the store')
    }
    if (next.index !== null && next.index !== before.index)
      log.warn({ why: next.index }, 'the ledger is not indexed any further, so searches read it entry by entry')
    this.#tellOfWitnesses(before, next)
    for (const stop of next.stops) {
      if (!before.stops.some(({ gateway, why }) => gateway === stop.gateway && why === stop.why)) {
        log.error(stop, 'entries of this chain in the store are not what its gateway wrote, so that none of them comes into the tree')
        this.#options.onWrong('stopped', stop.gateway)
      }
    }
    for (const { gateway } of before.stops)
      if (!next.stops.some((stop) => stop.gateway === gateway)) log.info({ gateway }, 'entries of this chain come into the tree again')
  }

  #tellOfWitnesses(before: Status, next: Status): void {
    const { log } = this.#options
    for (const { name, trouble } of next.witnesses) {
      const earlier = before.witnesses.find((witness) => witness.name === name)?.trouble ?? null
      if (trouble?.message === earlier?.message) continue
      if (trouble?.disagrees) {
        log.error({ witness: name, why: trouble.message }, 'a witness has seen another history of the ledger')
        this.#options.onWrong('disagrees', name)
      } else if (trouble) log.warn({ witness: name, why: trouble.message }, 'a witness does not take the ledger’s checkpoint; it is tried again')
      else log.info({ witness: name }, 'a witness takes the ledger’s checkpoints again')
    }
  }
}
