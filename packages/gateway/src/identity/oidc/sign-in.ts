import type { Logger } from 'pino'
import type { Clock } from '../../clock.ts'
import type { Config } from '../../config/config.ts'
import type { LoginRecord, PersonRecord, Source } from '../../store/store.ts'
import { WorkflowError } from '../../workflow/workflow.ts'
import type { Directory } from '../directory.ts'
import type { Leaving } from '../leaving.ts'
import { knownBy } from '../login-secret.ts'
import type { Logins, SeenFrom } from '../logins.ts'
import type { People } from '../people.ts'
import { ClaimsError, readClaims, type Said } from './claims.ts'
import { beginFlow, type Flow, localPath, nameOf, readFlow } from './flow.ts'
import { type Answer, Issuer, IssuerRefused, IssuerUnavailable } from './issuer.ts'
import type { RefreshTokens } from './refresh-tokens.ts'

export interface OidcOptions {
  readonly config: Pick<Config, 'identity' | 'login' | 'url'>
  readonly directory: Directory
  readonly people: People
  readonly logins: Logins
  readonly leaving: Pick<Leaving, 'forget'>
  readonly tokens: RefreshTokens
  readonly clock: Pick<Clock, 'now'>
  readonly log: Pick<Logger, 'warn'>
}

/** What a browser is to keep until it comes back, and where it goes meanwhile. */
export interface Departure {
  readonly url: string
  readonly cookie: string
}

/** Signing in at issuers of OpenID Connect. Refusals are WorkflowError, in words for whoever signs in; why exactly is in the log. */
export class OidcSignIn {
  readonly #options: OidcOptions
  readonly #issuers: ReadonlyMap<string, Issuer>

  constructor(options: OidcOptions) {
    this.#options = options
    const { config } = options
    this.#issuers = new Map(config.identity.oidc.map((each) => [each.name, new Issuer(each, () => `${config.url}/auth/oidc/${each.name}/callback`)]))
  }

  /** Null for one that is not configured. */
  issuer(name: string): Issuer | null {
    return this.#issuers.get(name) ?? null
  }

  methods(): readonly { readonly name: string; readonly title: string; readonly href: string }[] {
    return [...this.#issuers.values()].map(({ config: { name, title } }) => ({ name, title, href: `/auth/oidc/${name}` }))
  }

  /** `to`: where somebody wanted to go. `before`: the secret of the login that his browser has. */
  async begin(name: string, to: string | undefined, before: string | null): Promise<Departure> {
    const issuer = this.#issuer(name)
    const { flow, cookie } = beginFlow(name, localPath(to), knownBy(before))
    const url = await issuer.authorizationUrl(flow).catch((error: unknown) => this.#fail(name, error))
    return { url, cookie }
  }

  /**
   * The browser is back, with this query. Who it is, is asked of the issuer, and nothing of the query is believed by itself. `before` is the secret of the login
   * that it has. Resolves to that of the new one, and to where the browser goes.
   */
  async finish(
    name: string,
    cookie: string | null,
    query: string,
    before: string | null,
    seen: SeenFrom,
  ): Promise<{ readonly secret: string; readonly to: string }> {
    const issuer = this.#issuer(name)
    const flow = cookie === null ? null : readFlow(cookie)
    if (flow?.issuer !== name) throw new WorkflowError('forbidden', 'this browser was not signing in here, or it took too long; sign in again')
    const answer = await issuer.exchange(query, flow).catch((error: unknown) => this.#fail(name, error))
    const said = await this.#read(issuer, answer, seen)
    const person = await this.#put(issuer, said, seen)
    const login = { user: said.name, method: `oidc:${name}` as const, flow: nameOf(flow), keep: answer.idToken, before: knownBy(before) ?? flow.before }
    const secret = await this.#options.logins.create(login, seen)
    if (secret === null) throw new WorkflowError('forbidden', 'this sign-in was used already; sign in again')
    this.#keep(issuer, person, answer, flow)
    return { secret, to: flow.to }
  }

  /** Where the browser goes after it was signed out here, to be signed out at the issuer too; null where there is nothing to do. The issuer is not asked about that person any more. */
  async leave({ method, user, flow }: LoginRecord, idToken: string | null): Promise<string | null> {
    const name = method.startsWith('oidc:') ? method.slice('oidc:'.length) : ''
    const { tokens, config } = this.#options
    for (const held of tokens.all()) if (held.issuer === name && held.user === user && held.flow === flow) tokens.forget(held.person)
    return this.issuer(name)?.endSessionUrl(idToken, `${config.url}/sign-in`) ?? null
  }

  /**
   * Writes down what the issuer says of a person, for as long as that is believed. Null: somebody else has that name here. Whoever has another name than before
   * has nothing left of what he had under that one, which the issuer may give to somebody else.
   */
  async record(issuer: Issuer, said: Said): Promise<PersonRecord | null> {
    const { people, config, clock, leaving } = this.#options
    const source = `oidc:${issuer.config.name}` as const
    const { subject, ...rest } = said
    if (await this.#isOfAnother(source, said)) return null
    const before = await people.at(source, subject)
    if (before && before.name !== said.name && this.#isKnownOnlyBy(source, before.name)) await leaving.forget(before.name, source, `is ${said.name} now`)
    return people.put({ ...rest, source, externalId: subject, active: true, until: clock.now() + config.login.maxMs }, source)
  }

  /** An account of another issuer has this name; or anybody else one that differs from it in its case alone, so that nobody is two people here. */
  async #isOfAnother(source: Source, { subject, name }: Said): Promise<boolean> {
    const { people, directory } = this.#options
    if ((await people.named(name)).some((record) => record.source.startsWith('oidc:') && record.source !== source)) return true
    const alike = directory.users().filter((user) => user.name !== name && user.name.toLowerCase() === name.toLowerCase())
    if (alike.some((user) => !this.#isKnownOnlyBy(source, user.name))) return true
    const records = (await Promise.all(alike.map((user) => people.named(user.name)))).flat()
    return records.some(({ externalId }) => externalId !== subject)
  }

  #isKnownOnlyBy(source: Source, name: string): boolean {
    const { sources } = this.#options.directory.users().find((user) => user.name === name) ?? { sources: [] }
    return sources.every((one) => one === source)
  }

  /** Throws WorkflowError for claims that cannot be gone by. */
  async #read(issuer: Issuer, { claims }: Answer, seen: SeenFrom): Promise<Said> {
    const { config, log } = this.#options
    try {
      return readClaims(claims, issuer.config, config.identity.firstAdmin)
    } catch (error) {
      if (!(error instanceof ClaimsError)) throw error
      log.warn({ issuer: issuer.config.name, why: error.message }, 'nobody was signed in')
      const known = typeof claims['sub'] === 'string' ? await this.#options.people.at(`oidc:${issuer.config.name}`, claims['sub']) : null
      if (known) await this.#refused(issuer, known.name, seen, 'claims')
      throw new WorkflowError('forbidden', `${issuer.config.title} does not say who you are: ${error.message}. Its administrator can change that`)
    }
  }

  async #put(issuer: Issuer, said: Said, seen: SeenFrom): Promise<PersonRecord> {
    const { directory } = this.#options
    const disabled = directory.users().some(({ name, active }) => name === said.name && !active)
    if (disabled) {
      await this.#refused(issuer, said.name, seen, 'disabled')
      throw new WorkflowError('forbidden', `${said.name} is disabled here`)
    }
    const person = await this.record(issuer, said)
    if (!person) {
      await this.#refused(issuer, said.name, seen, 'another account has this name')
      throw new WorkflowError(
        'forbidden',
        `${said.name} is somebody else here: another account had this name first, or the same in other letters, small or capital; ask an administrator`,
      )
    }
    await directory.learn(person.id)
    return person
  }

  #refused({ config: { name } }: Issuer, user: string, { client }: SeenFrom, why: string): Promise<void> {
    return this.#options.logins.refused(user, `oidc:${name}`, client, why)
  }

  #keep(issuer: Issuer, person: PersonRecord, { refreshToken, claims }: Answer, flow: Flow): void {
    if (refreshToken === null) return
    const held = { person: person.id, issuer: issuer.config.name, subject: String(claims['sub']), user: person.name, flow: nameOf(flow), token: refreshToken }
    this.#options.tokens.keep({ ...held, checkedAt: this.#options.clock.now() })
  }

  #issuer(name: string): Issuer {
    const issuer = this.issuer(name)
    if (!issuer) throw new WorkflowError('not-found', `nobody signs in by ${name} here`)
    return issuer
  }

  #fail(name: string, error: unknown): never {
    const { log } = this.#options
    if (error instanceof IssuerRefused) {
      log.warn({ issuer: name, why: error.message }, 'nobody was signed in')
      throw new WorkflowError('forbidden', 'the issuer has not signed you in; try again')
    }
    if (!(error instanceof IssuerUnavailable)) throw error
    log.warn({ issuer: name, why: error.message }, 'an issuer cannot be asked')
    throw new WorkflowError('unavailable', 'the issuer does not answer, so nobody can sign in by it now; try again later')
  }
}
