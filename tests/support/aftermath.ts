import { setTimeout as sleep } from 'node:timers/promises'
import type { Stage } from './stage.ts'

/** The gateway's connections to the target, by the name that it gives them. */
const BACKENDS = "SELECT application_name || ' is ' || state || ': ' || query FROM pg_stat_activity WHERE application_name LIKE 'countersign:%'"
/** A busy machine needs a while to finish what nobody reads any more. */
const WITHIN_MS = 15_000

/** What is left after everybody has hung up: live sessions, connections to the target, a gateway that has ended. Gives them a moment to go. */
export async function leftovers(stage: Stage): Promise<readonly unknown[]> {
  const end = Date.now() + WITHIN_MS
  for (;;) {
    const sessions = (await stage.erin.api.sessions({ live: 'true' })).map(({ id, client }) => `session ${id} of ${client}`)
    const left = [...sessions, ...(await stage.ask(BACKENDS)), ...(stage.gateway.child.exitCode === null ? [] : ['the gateway has ended'])]
    if (left.length === 0 || Date.now() > end) return left
    await sleep(50)
  }
}

/** The bodies of the ledger's entries of one type, oldest first. */
export async function entries(stage: Stage, type: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return (await stage.ledger()).flatMap((entry) => (entry.type === type ? [entry.body] : []))
}
