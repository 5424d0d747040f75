import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { EXIT } from '../error.ts'
import type { Output } from '../output.ts'
import { makeFolder } from './files.ts'
import { type DemoGateway, PORTS, startGateway } from './gateway.ts'
import { handOut } from './handout.ts'
import { Lifetime } from './lifetime.ts'
import { CUSTOMERS, ORDERS, seedOrders } from './orders.ts'
import { startPostgres } from './postgres.ts'
import { play, type Stage } from './story.ts'
import { Teller } from './teller.ts'

export interface DemoOptions {
  /** Ends after the story. */
  readonly once?: boolean
  /** No pauses. */
  readonly fast?: boolean
}

/** Sets everything up, plays the story and stays up until a signal. Exit code 130 and the like when the story was cut short. */
export async function runDemo(out: Output, { once = false, fast = false }: DemoOptions): Promise<number> {
  const life = new Lifetime()
  const teller = new Teller({ json: out.json, fast, signal: life.signal })
  let told = false
  try {
    const stage = await setUp(life, teller)
    await play(stage)
    told = true
    if (out.json) out.data({ ...addresses(stage.gateway), facts: teller.facts })
    if (once) return EXIT.ok
    handOut(teller, stage.gateway)
    await life.untilStopped()
    teller.say('\nstopping')
    return EXIT.ok
  } catch (error) {
    if (life.endedBy === null) throw error
    if (!told) teller.say('\nstopping; the story was not finished')
    return told ? EXIT.ok : 128 + life.endedBy
  } finally {
    await life.close()
  }
}

async function setUp(life: Lifetime, teller: Teller): Promise<Stage> {
  const { bold, dim, green } = teller.colors
  teller.say(`${bold('Countersign')}: a statement that policy does not allow by itself waits until somebody else countersigns it.\n`)
  const folder = makeFolder(life)
  const [superuser, account] = [secret(), secret()]
  const database = await startPostgres(life, join(folder, 'postgres'), superuser)
  const orders = await seedOrders(database, account)
  life.onEnd(() => orders.end())
  teller.say(`${green('✔')} PostgreSQL ${orders.version} on ${database.host}:${database.port} with ${ORDERS} orders of ${CUSTOMERS} customers`)
  const gateway = await startGateway(life, folder, orders.url, account)
  teller.say(`${green('✔')} gateway on ${gateway.url}, PostgreSQL clients on ${gateway.postgres.host}:${gateway.postgres.port}, store: SQLite`)
  for (const line of movedPorts(gateway)) teller.say(`  ${line}`)
  teller.say(`${green('✔')} people: ${gateway.alice.name} (engineering), ${gateway.bob.name} (dba)`)
  teller.say(dim(`  all of it in ${folder}`))
  return { life, gateway, orders, teller }
}

function movedPorts({ url, postgres }: DemoGateway): readonly string[] {
  const http = Number(new URL(url).port)
  return [
    ...(http === PORTS.http ? [] : [`port ${PORTS.http} is taken by something else here, so it is ${http} this time`]),
    ...(postgres.port === PORTS.postgres ? [] : [`port ${PORTS.postgres} is taken by something else here, so it is ${postgres.port} this time`]),
  ]
}

/** For programs, with `--json`. */
const addresses = ({ url, postgres, folder, alice, bob }: DemoGateway) => ({
  url,
  postgres,
  folder,
  people: [alice, bob].map(({ name, tokenFile }) => ({ name, tokenFile })),
})

const secret = () => randomBytes(24).toString('hex')
