import type { KeyObject } from 'node:crypto'
import type { Directory } from '../identity/directory.ts'
import type { Leaving } from '../identity/leaving.ts'
import { PeopleDesk } from '../identity/people-desk.ts'
import type { Clock } from '../clock.ts'
import type { Journal } from '../journal/journal.ts'
import type { Store } from '../store/store.ts'
import { Ceremonies } from './ceremonies.ts'
import { Challenges } from './challenges.ts'
import { Invites } from './invites.ts'
import { Passkeys } from './passkeys.ts'
import { Proofs } from './proofs.ts'

interface Parts {
  readonly store: Pick<Store, 'passkeys' | 'invites' | 'challenges' | 'people'>
  readonly directory: Pick<Directory, 'user' | 'users' | 'said' | 'learn'>
  readonly leaving: Pick<Leaving, 'end'>
  readonly journal: Pick<Journal, 'append' | 'gateway'>
  readonly clock: Pick<Clock, 'now'>
  readonly config: { readonly url: string }
  /** See `openChallengeKey`. */
  readonly challengeKey: KeyObject
}

/** Everything about people and their passkeys, over one store. */
export function openPasskeys({ store, directory, leaving, journal, clock, config, challengeKey }: Parts) {
  const ceremonies = new Ceremonies({ config, challenges: new Challenges({ store: store.challenges, clock, key: challengeKey }) })
  const options = { store, directory, leaving, journal, clock, ceremonies }
  const [passkeys, people] = [new Passkeys(options), new PeopleDesk(options)]
  return { passkeys, people, proofs: new Proofs(options), invites: new Invites({ ...options, passkeys, people }) }
}
