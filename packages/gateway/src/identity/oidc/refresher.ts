import type { Logger } from 'pino'
import type { Clock } from '../../clock.ts'
import type { Config } from '../../config/config.ts'
import type { Store } from '../../store/store.ts'
import type { Logins } from '../logins.ts'
import type { People } from '../people.ts'
import { ClaimsError, readClaims } from './claims.ts'
import { type Issuer, IssuerRefused, IssuerUnavailable } from './issuer.ts'
import type { Held, RefreshTokens } from './refresh-tokens.ts'
import type { OidcSignIn } from './sign-in.ts'

/** How often it is looked whose turn it is. */
const LOOK_MS = 1_000

export interface RefresherOptions {
  readonly config: Pick<Config, 'identity' | 'login'>
  readonly store: Pick<Store, 'logins' | 'sessions'>
  readonly signIn: OidcSignIn
  readonly people: People
  readonly logins: Logins
  readonly tokens: RefreshTokens
  readonly clock: Clock
  readonly log: Pick<Logger, 'info' | 'warn'>
}

/** Asks the issuers again about whoever is here, signed in or connected, so that what they take away is gone. An issuer that does not answer takes nothing away. */
export class Refresher {
  readonly #options: RefresherOptions
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> | null = null

  constructor(options: RefresherOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#round ??= this.#look().finally(() => (this.#round = null))
    }, LOOK_MS)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#round
  }

  /** Nothing rejects: what failed is tried again when its turn comes. */
  async #look(): Promise<void> {
    const { tokens, clock, config, log } = this.#options
    const due = tokens.all().filter(({ checkedAt }) => Math.abs(clock.now() - checkedAt) >= config.identity.refreshMs)
    for (const held of due) {
      try {
        if (await this.#isHere(held)) await this.#ask(held)
        else if (clock.now() - held.checkedAt >= config.login.maxMs) tokens.forget(held.person) // nothing that it said then is believed any more
      } catch (error) {
        if (!(error instanceof IssuerRefused || error instanceof IssuerUnavailable))
          log.warn({ err: error }, 'what an issuer says of somebody could not be written down')
        else log.warn({ issuer: held.issuer, user: held.user, why: error.message }, 'an issuer cannot be asked about somebody; it is asked again')
        const newest = tokens.all().find(({ person }) => person === held.person) ?? held // it may have been replaced before that failed
        tokens.keep({ ...newest, checkedAt: clock.now() })
      }
    }
  }

  async #isHere({ user }: Held): Promise<boolean> {
    const { store, clock } = this.#options
    if ((await store.logins.list({ user, live: clock.now() })).length > 0) return true
    return (await store.sessions.list({ user, live: true, limit: 1 })).length > 0
  }

  async #ask(held: Held): Promise<void> {
    const { signIn, tokens, clock } = this.#options
    const issuer = signIn.issuer(held.issuer)
    if (!issuer) return tokens.forget(held.person)
    try {
      const { claims, refreshToken } = await issuer.refresh(held.token, held.subject)
      if (refreshToken !== null) tokens.keep({ ...held, token: refreshToken, checkedAt: clock.now() }) // first: the one before may be good for nothing now
      if (!(await this.#record(issuer, held, claims))) await this.#withdraw(held)
    } catch (error) {
      const isGone = error instanceof ClaimsError || (error instanceof IssuerRefused && error.isOver)
      if (!isGone) throw error
      await this.#withdraw(held)
    }
    return undefined
  }

  /** False where he has another name now, which somebody else has here. */
  async #record(issuer: Issuer, { user }: Held, claims: Readonly<Record<string, unknown>>): Promise<boolean> {
    const { signIn, config } = this.#options
    const said = readClaims(claims, issuer.config, config.identity.firstAdmin)
    return said.name === user && (await signIn.record(issuer, said)) !== null
  }

  /** The issuer vouches for him no more: he is in none of its groups, and signed in by it nowhere. Where he has signed in since at another gateway, that one asks. */
  async #withdraw({ person, issuer, user, flow }: Held): Promise<void> {
    const { people, logins, store, tokens, clock, log } = this.#options
    const method = `oidc:${issuer}` as const
    const mine = (await store.logins.list({ user, live: clock.now() })).filter((login) => login.method === method)
    const from = mine.find((login) => login.flow === flow)
    if (mine.some((login) => login.flow !== flow && login.createdAt > (from?.createdAt ?? 0) && from !== undefined)) return tokens.forget(person)
    const record = await people.get(person)
    log.info({ issuer, user }, 'an issuer vouches for somebody no more')
    if (record) await people.put({ ...record, groups: [], admin: false, auditor: false, until: clock.now() }, method)
    await logins.endAllOf(user, method, 'the issuer vouches for him no more', method)
    return tokens.forget(person) // last: what failed before is done again
  }
}
