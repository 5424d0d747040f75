import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { Event, Journal } from './journal/journal.ts'

/** What Prometheus may ask. Labels hold types and numbers only: no name of a person or a resource. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #entries = new Counter({
    name: 'countersign_ledger_entries_total',
    help: 'Ledger entries by type: requests, reviews, grants, sessions, actions.',
    labelNames: ['type'],
    registers: [this.#registry],
  })

  constructor(sessions: () => number, storeSilent: () => boolean) {
    collectDefaultMetrics({ register: this.#registry })
    this.#gauge('countersign_sessions', 'Live connections of this gateway.', sessions)
    this.#gauge('countersign_store_silent', '1 while the store does not answer and new actions are refused.', () => Number(storeSilent()))
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  /** The same journal, its entries counted. */
  counting(journal: Journal): Journal {
    const count = ({ type }: Event) => this.#entries.inc({ type })
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
      close: () => journal.close(),
    }
  }

  #gauge(name: string, help: string, value: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: [this.#registry], collect: () => gauge.set(value()) })
  }
}
