import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@countersign/contract/client'
import { spawnGateway } from '../gateway.ts'
import { ready } from '../local-admin.ts'
import { socketFetch } from '../socket.ts'
import { ALICE, BOB, writeConfiguration, writeSecret } from './files.ts'
import { startIssuer } from './issuer.ts'
import type { Lifetime } from './lifetime.ts'
import { HOST, portNear } from './ports.ts'

/** The ports that the documentation names. */
export const PORTS = { http: 7070, postgres: 7432 } as const

/** A person of the story. The file holds the token, so that no printed line has to. */
export interface Person {
  readonly name: string
  readonly token: string
  readonly tokenFile: string
}

/** The running gateway of this demo. */
export interface DemoGateway {
  readonly url: string
  readonly postgres: { readonly host: string; readonly port: number }
  readonly folder: string
  readonly data: string
  readonly log: string
  /** Whether people can sign in in a browser. */
  readonly signsIn: boolean
  readonly alice: Person
  readonly bob: Person
}

/** A port that is free may be taken by somebody else before the gateway listens on it. */
const PORTS_TRIED = 3
/** What the gateway says then. */
const TAKEN = 'cannot be had: another program is listening there'

/** Starts the gateway on the documented ports, or on free ones where those are taken, and makes the two people's tokens. */
export async function startGateway(life: Lifetime, folder: string, target: string, password: string): Promise<DemoGateway> {
  const [data, log] = [join(folder, 'data'), join(folder, 'gateway.log')]
  const issuer = await startIssuer(life)
  const port = await listening(life, log, async () => {
    const free = { http: await portNear(PORTS.http), postgres: await portNear(PORTS.postgres) }
    return { ...free, config: writeConfiguration(folder, { ...free, target, password, issuer }) }
  })
  const people = { alice: await person(data, folder, ALICE, false), bob: await person(data, folder, BOB, true) }
  return { url: `http://${HOST}:${port.http}`, postgres: { host: HOST, port: port.postgres }, folder, data, log, signsIn: issuer !== null, ...people }
}

/** Starts a gateway with what `place` writes, and again with what it writes then where a port was lost meanwhile. Rejects with why it does not start. */
export async function listening<Place extends { readonly config: string }>(life: Lifetime, log: string, place: () => Promise<Place>): Promise<Place> {
  for (let tried = 1; ; tried++) {
    const tries = await place()
    life.signal.throwIfAborted()
    const child = life.own(spawnGateway(['start', '--config', tries.config], ['ignore', 'pipe', 'pipe']))
    child.stdout?.pipe(createWriteStream(log))
    try {
      await ready(child)
      return tries
    } catch (error) {
      const taken = error instanceof Error && error.message.includes(TAKEN)
      if (!taken || tried === PORTS_TRIED || life.signal.aborted) throw error
    }
  }
}

async function person(data: string, folder: string, name: string, mayReview: boolean): Promise<Person> {
  const admin = createClient({ url: 'http://localhost', fetch: socketFetch(join(data, 'admin.sock')) })
  const { token } = await admin.createToken({ user: name, mayReview, for: '1d' })
  const tokenFile = join(folder, `${name.replace(/@.*/, '')}.token`)
  writeSecret(tokenFile, token)
  return { name, token, tokenFile }
}
