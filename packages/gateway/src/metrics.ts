import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { ExportStatus } from './export/exporter.ts'
import type { Event, Journal } from './journal/journal.ts'
import type { Status } from './ledger/worker.ts'

/** What Prometheus may ask. Labels hold types and numbers only: no name of a person or a resource. */
export class Metrics {
  readonly #registry = new Registry()
  /** Counted by hand, and told when somebody asks: every statement counts two, and a labelled counter looks its labels up each time. */
  readonly #events = new Map<Event['type'], number>()

  constructor(sessions: () => number, storeSilent: () => boolean, ledgerBroken: () => boolean) {
    collectDefaultMetrics({ register: this.#registry })
    const events = this.#events
    const counter = new Counter({
      name: 'countersign_ledger_entries_total',
      help: 'What the ledger has recorded, by type: requests, reviews, grants, sessions, actions. Several actions may be one entry.',
      labelNames: ['type'],
      registers: [],
      collect: () => {
        counter.reset()
        for (const [type, count] of events) counter.inc({ type }, count)
      },
    })
    this.#registry.registerMetric(counter)
    this.#gauge('countersign_sessions', 'Live connections of this gateway.', sessions)
    this.#gauge('countersign_ledger_broken', '1 while entries cannot be written and every action is refused.', () => Number(ledgerBroken()), 'max')
    this.#gauge('countersign_store_silent', '1 while the store does not answer and new actions are refused.', () => Number(storeSilent()), 'max')
  }

  /** How the tree does, as far as this gateway has to do with it. */
  tree(status: () => Status): void {
    this.#gauge('countersign_tree_sequencer', '1 while this gateway gives entries their places in the tree.', () => Number(status().role === 'sequencer'))
    this.#gauge('countersign_tree_entries', 'Entries in the tree; 0 where another gateway makes it grow.', () => status().size ?? 0)
    this.#gauge(
      'countersign_tree_altered',
      '1 while the tree in the store is not the one that was signed.',
      () => Number(status().trouble?.altered ?? false),
      'max',
    )
    this.#gauge('countersign_tree_chains_stopped', 'Chains whose entries in the store are not what their gateway wrote.', () => status().stops.length)
    this.#gauge('countersign_checkpoint_entries', 'Entries that the last checkpoint covers which was signed here.', () => status().signed?.size ?? 0)
    this.#gauge('countersign_witnesses_failing', 'Witnesses that did not take the last checkpoint that they were shown.', () => failing(status()).length)
    this.#gauge(
      'countersign_witnesses_disagreeing',
      'Witnesses that have seen another history of the ledger.',
      () => failing(status()).filter((trouble) => trouble?.disagrees).length,
    )
    this.#gauge('countersign_witnessed_entries', 'Entries that a witness has seen, the most of any.', () =>
      Math.max(0, ...status().witnesses.map(({ size }) => size)),
    )
    this.#gauge('countersign_checkpoint_timestamp_seconds', 'When that was signed.', () => (status().signed?.at ?? 0) / 1000)
  }

  /** What `text` of another process takes. */
  values(): Promise<object[]> {
    return this.#registry.getMetricsAsJSON()
  }

  /** With those of the gateway's other processes: sums, but for the store's silence and what a process alone can say of itself. */
  async text(others: readonly object[][] = []): Promise<string> {
    if (others.length === 0) return this.#registry.metrics()
    return AggregatorRegistry.aggregate([await this.values(), ...others]).metrics()
  }

  /** The same journal, its entries counted. */
  counting(journal: Journal): Journal {
    const count = ({ type }: Pick<Event, 'type'>) => this.#events.set(type, (this.#events.get(type) ?? 0) + 1)
    return {
      get gateway() {
        return journal.gateway
      },
      get latest() {
        return journal.latest
      },
      get broken() {
        return journal.broken
      },
      append: (event, durability) => {
        count(event)
        return journal.append(event, durability)
      },
      join: (event, written, durability) => {
        count(event)
        journal.join(event, written, durability)
      },
      close: () => journal.close(),
    }
  }

  /** How each export of this gateway does. Its name is the operator's, and no person's. */
  exports(statuses: () => readonly ExportStatus[]): void {
    this.#byExport(
      'countersign_export_behind',
      'Entries of the ledger that an export has not delivered yet; of those that this gateway delivers.',
      (report) => {
        for (const { name, behind } of statuses()) if (behind !== null) report(name, behind)
      },
    )
    this.#byExport('countersign_export_failing', '1 while the target of an export does not take what it is given.', (report) => {
      for (const { name, trouble } of statuses()) report(name, Number(trouble !== null))
    })
  }

  /** Counts what people are told, by the channel and whether it took it. A webhook's name says nothing of where it is. */
  notifications(): (channel: string, error: Error | null) => void {
    const counter = new Counter({
      name: 'countersign_notifications_total',
      help: 'Messages to people and webhooks that were taken, or not, by channel.',
      labelNames: ['channel', 'outcome'],
      registers: [this.#registry],
    })
    return (channel, error) => counter.inc({ channel, outcome: error === null ? 'taken' : 'failed' })
  }

  #byExport(name: string, help: string, collect: (report: (name: string, value: number) => void) => void): void {
    const gauge: Gauge<'export'> = new Gauge({
      name,
      help,
      labelNames: ['export'],
      registers: [this.#registry],
      collect: () => {
        gauge.reset()
        collect((label, value) => gauge.set({ export: label }, value))
      },
    })
  }

  #gauge(name: string, help: string, value: () => number, aggregator: 'sum' | 'max' = 'sum'): void {
    const gauge: Gauge = new Gauge({ name, help, aggregator, registers: [this.#registry], collect: () => gauge.set(value()) })
  }
}

const failing = ({ witnesses }: Status) => witnesses.map(({ trouble }) => trouble).filter((trouble) => trouble !== null)
