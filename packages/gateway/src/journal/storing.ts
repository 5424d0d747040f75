import { StoreUnavailable } from '../store/store.ts'
import type { Durability, Journal } from './journal.ts'

/**
 * The same journal for those who wait for the store too. `stored` resolves when everything that is on disk when it is called
 * is there. What does not get there in time is refused, and stays in the journal: it reaches the store later.
 */
export function storing(journal: Journal, stored: () => Promise<unknown>): Journal {
  const inStore = () =>
    stored().catch((cause: unknown) => {
      throw new StoreUnavailable(`a record did not reach the store: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    })
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
    append: async (event, durability) => {
      const receipt = await journal.append(event, here(durability))
      if (durability === 'store') await inStore()
      return receipt
    },
    join: (event, written, durability) => {
      if (!written || durability !== 'store') return journal.join(event, written, durability)
      return journal.join(event, (broken) => (broken ? written(broken) : void inStore().then(() => written(null), written)), here(durability))
    },
    close: () => journal.close(),
  }
}

const here = (durability: Durability): Durability => (durability === 'store' ? 'disk' : durability)
