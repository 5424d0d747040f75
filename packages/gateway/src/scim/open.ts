import type { Hono } from 'hono'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/config.ts'
import { readSecret } from '../config/secret.ts'
import type { Users } from '../identity/caller.ts'
import type { Leaving } from '../identity/leaving.ts'
import type { Journal } from '../journal/journal.ts'
import type { Store } from '../store/store.ts'
import { scimDoor } from './door.ts'
import { Groups } from './groups.ts'
import { People } from './people.ts'

export interface Scim {
  readonly door: Hono
  /** Applies what the configuration says of groups to people who were provisioned before. */
  settle(): Promise<void>
}

interface Parts {
  readonly config: Pick<Config, 'url' | 'identity'>
  readonly store: Pick<Store, 'people' | 'scimGroups'>
  readonly directory: Users
  readonly journal: Journal
  readonly clock: Clock
  readonly leaving: Leaving
  readonly log: Logger
}

/** Provisioning by SCIM; null where no directory is configured to. */
export function openScim({ config, store, directory, journal, clock, leaving, log }: Parts): Scim | null {
  const { scim } = config.identity
  if (scim === null) return null
  const people = new People({ store: store.people, users: directory, journal, clock, leaving, config: scim })
  const groups = new Groups({ store: store.scimGroups, people, clock })
  const door = scimDoor({ people, groups, url: () => config.url, readToken: () => readSecret(scim.token), log })
  return { door, settle: () => people.settle() }
}
