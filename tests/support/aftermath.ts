import { setTimeout as sleep } from 'node:timers/promises'
import { workersOf } from './gateway.ts'
import type { Stage } from './stage.ts'

/** What the gateway keeps for itself a while: tests/postgres-kept-connections.test.ts sees them close. */
const KEPT = "application_name IN ('countersign:catalog', 'countersign:accounts') AND state = 'idle'"
/** The gateway's other connections to the target, by the name that it gives them. */
const BACKENDS = `SELECT application_name || ' is ' || state || ': ' || query FROM pg_stat_activity WHERE application_name LIKE 'countersign:%' AND NOT (${KEPT})`
/** Of those that it keeps, the ones that are too many. */
const TOO_MANY = `SELECT count(*) || ' connections of ' || application_name || ' to ' || datname FROM pg_stat_activity WHERE ${KEPT}
  GROUP BY application_name, datname, usename HAVING count(*) > $1 * CASE application_name WHEN 'countersign:catalog' THEN 1 ELSE 4 END`
/** A busy machine needs a while to finish what nobody reads any more. */
const WITHIN_MS = 15_000

/** What is left after everybody has hung up: live sessions, connections to the target, a gateway that has ended. Gives them a moment to go. */
export async function leftovers(stage: Stage): Promise<readonly unknown[]> {
  const end = Date.now() + WITHIN_MS
  const keepers = (await stage.erin.api.resources()).length * (1 + workersOf(stage.gateway.child).length)
  for (;;) {
    const sessions = (await stage.erin.api.sessions({ live: 'true' })).map(({ id, client }) => `session ${id} of ${client}`)
    const backends = [...(await stage.ask(BACKENDS)), ...(await stage.ask(TOO_MANY, [keepers]))]
    const left = [...sessions, ...backends, ...(stage.gateway.child.exitCode === null ? [] : ['the gateway has ended'])]
    if (left.length === 0 || Date.now() > end) return left
    await sleep(50)
  }
}

/** The bodies of the ledger's entries of one type, oldest first. */
export async function entries(stage: Stage, type: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return (await stage.ledger()).flatMap((entry) => (entry.type === type ? [entry.body] : []))
}
