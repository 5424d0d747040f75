import type { Client } from '@countersign/contract/client'
import type { Resource } from '@countersign/contract/schemas/resource'
import type { Whoami } from '@countersign/contract/schemas/principal'
import { isLoopback, type Settings } from './connection.ts'
import { CliError } from './error.ts'
import type { PostgresTarget, Purpose } from './psql.ts'

/** How the caller reaches a Postgres resource through the gateway, and what he may do there. */
export interface Reached {
  readonly target: PostgresTarget
  readonly resource: Resource
  readonly me: Whoami
}

/** Asks the gateway. Throws when there is no such resource. */
export async function reach(client: Client, { url, token }: Settings, name: string, purpose: Purpose): Promise<Reached> {
  const [me, resources, gateway] = await Promise.all([client.whoami(), client.resources(), client.gateway()])
  const resource = resources.find((each) => each.name === name)
  if (!resource)
    throw new CliError('failed', `there is no resource ${name}`, `there are ${resources.map((each) => each.name).join(', ') || 'none that you may see'}`)
  const host = reachable(resource.connect.host, url)
  const { port, database } = resource.connect
  return { me, resource, target: { host, port, user: me.user, database, token, purpose, certificate: isLoopback(host) ? null : gateway.certificate } }
}

/** A gateway that listens on every address is reached where its API is. */
function reachable(host: string, url: string): string {
  return ['', '0.0.0.0', '::', '[::]'].includes(host) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : host
}
