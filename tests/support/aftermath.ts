import { expect } from 'vitest'
import type { Stage } from './stage.ts'

/** The gateway's connections to the target, by the name that it gives them. */
const BACKENDS = "SELECT application_name || ': ' || state || ': ' || query FROM pg_stat_activity WHERE application_name LIKE 'countersign:%'"
const WITHIN_MS = 5_000

/** Everybody has hung up: no session is live any more, no connection to the target is left, and the gateway runs. */
export async function nothingIsLeft({ erin, gateway, ask }: Stage): Promise<void> {
  const left = async () => ({ sessions: (await erin.api.sessions({ live: 'true' })).map(({ id }) => id), backends: await ask(BACKENDS) })
  await expect.poll(left, { timeout: WITHIN_MS }).toEqual({ sessions: [], backends: [] })
  expect(gateway.child.exitCode).toBeNull()
}

/** What the ledger says happened, oldest first: the bodies of the entries of one type. */
export async function entries({ erin }: Stage, type: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const found = await erin.api.ledger({ limit: 10_000 })
  return found
    .map(({ line }) => JSON.parse(line) as { readonly type: string; readonly body: Readonly<Record<string, unknown>> })
    .flatMap((entry) => (entry.type === type ? [entry.body] : []))
}
