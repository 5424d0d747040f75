import type { Config } from '../config/config.ts'
import { drainInto } from '../journal/drain.ts'
import { workersIn } from '../journal/files.ts'
import { openJournal } from '../journal/open.ts'
import { openOwed } from '../journal/owed.ts'
import { recordLost } from '../journal/unfinished.ts'
import type { SigningKey } from '../ledger/signing-key.ts'
import type { Housekeeping } from '../session/housekeeping.ts'
import type { Store } from '../store/store.ts'

/**
 * Ends the journals of workers that are no longer configured: what they did not finish is said, their sessions are closed,
 * and what they wrote reaches the store.
 */
export async function settleRetired(
  config: Config,
  gateway: string,
  key: SigningKey,
  { sessions, owed: store }: Pick<Store, 'sessions' | 'owed'>,
  housekeeping: Housekeeping,
  onError: (error: unknown) => void,
): Promise<void> {
  const running = config.workers === 1 ? 0 : config.workers
  for (const worker of workersIn(config.data, gateway).filter((number) => number > running)) {
    const journal = await openJournal({ directory: config.data, worker })
    const drain = drainInto(config, journal, key)
    try {
      const told = await recordLost(config.data, journal, await sessions.list({ live: true, gateway: journal.gateway }))
      const owed = await openOwed({ store, journal, directory: config.data, onError })
      await owed.stop()
      await housekeeping.closeSessions(journal.gateway, 'the gateway was restarted with fewer workers', told)
      await drain.flush()
    } finally {
      await drain.stop()
      await journal.close()
    }
  }
}
