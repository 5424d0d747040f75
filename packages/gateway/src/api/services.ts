import type { RotatedKey } from '@countersign/contract/schemas/ledger'
import type { Report } from '@countersign/contract/schemas/report'
import type { Finding } from '@countersign/contract/schemas/finding'
import type { Statement } from '@countersign/core/action'
import type { GatewayTrust } from '@countersign/ledger/trust'
import type { Request } from '@countersign/core/request'
import type { Receipt } from '@countersign/ledger/receipt'
import type { Hono } from 'hono'
import type { Logger } from 'pino'
import type { Address, Config, Resource } from '../config/config.ts'
import type { Erasures } from '../erasure/erasures.ts'
import type { Period } from '../evidence/collect.ts'
import type { Overviews } from '../evidence/overview.ts'
import type { Pages } from '../export/pages.ts'
import type { LedgerSearch } from '../export/search.ts'
import type { Caller, Users } from '../identity/caller.ts'
import type { Devices } from '../identity/devices.ts'
import type { NotificationDesk } from '../notify/desk.ts'
import type { TokenWish } from '../identity/token-wish.ts'
import type { Logins } from '../identity/logins.ts'
import type { PeopleDesk } from '../identity/people-desk.ts'
import type { Invites } from '../passkeys/invites.ts'
import type { Passkeys } from '../passkeys/passkeys.ts'
import type { Proofs } from '../passkeys/proofs.ts'
import type { OidcSignIn } from '../identity/oidc/sign-in.ts'
import type { PolicyEngine } from '../policy/engine.ts'
import type { PolicyProblem } from '../policy/error.ts'
import type { Queries } from '../query/queries.ts'
import type { Runs } from '../receipts/runs.ts'
import type { Library } from '../recordings/library.ts'
import type { Store, TokenRecord } from '../store/store.ts'
import type { Workflow } from '../workflow/workflow.ts'
import type { LoginCookie } from './cookie.ts'
import type { Console } from './console.ts'

/** Tokens, as the API needs them. Who may make, see and revoke which is decided here; refusals are WorkflowError or DomainError. */
export interface TokenDesk {
  /** Null when the token is unknown, expired or revoked. Asked at every request, and before every batch of events. */
  callerForToken(token: string): Promise<Caller | null>
  createToken(by: Caller, wish: TokenWish): Promise<{ readonly token: string; readonly record: TokenRecord }>
  /** `user` null: all that the caller may see. */
  listTokens(caller: Caller, user: string | null): Promise<readonly TokenRecord[]>
  revokeToken(caller: Caller, id: string): Promise<TokenRecord>
  /** All of a user's; those that were good until now. */
  revokeTokens(caller: Caller, user: string): Promise<readonly TokenRecord[]>
}

/** A resource that the caller may know of, and in words what he may do there: `runs`, `needs 1 of dba`, `never`. */
export interface ResourceView {
  readonly resource: Pick<Resource, 'name' | 'protocol' | 'labels' | 'mode' | 'onHold'>
  readonly summary: { readonly connect: string; readonly read: string; readonly write: string; readonly ddl: string }
  /** How long a connection made now would last at most, milliseconds. */
  readonly sessionMs: number
}

/** `checks` is `ok`, or why not, for each part. */
export interface Readiness {
  readonly ready: boolean
  readonly checks: Readonly<Record<string, string>>
}

/** One statement, and why it is unknown where it is. */
export interface Classified extends Pick<Statement, 'type' | 'facts'> {
  readonly because: string | null
}

/** Everything that the API does to the world. */
export interface ApiServices {
  readonly config: Pick<Config, 'url' | 'notify'>
  readonly directory: Users
  /** `certificate` is PEM and may be shown to anybody. */
  readonly gateway: { readonly id: string; readonly version: string; readonly certificate: string }
  /** Where the listeners are, once they are; the port that was asked for may have been 0. */
  addresses(): { readonly http: Address; readonly postgres: Address }
  readonly workflow: Workflow
  readonly passkeys: Passkeys
  readonly proofs: Proofs
  readonly invites: Invites
  readonly people: PeopleDesk
  readonly tokens: TokenDesk
  readonly logins: Pick<Logins, 'caller' | 'create' | 'verified' | 'list' | 'end' | 'signOut'>
  readonly cookie: LoginCookie
  readonly oidc: Pick<OidcSignIn, 'methods' | 'begin' | 'finish' | 'leave'>
  /** Provisioning by a directory, to be mounted at /scim/v2; null where none is configured. */
  readonly scim: Hono | null
  readonly devices: Pick<Devices, 'begin' | 'show' | 'decide' | 'redeem'>
  readonly erasures: Pick<Erasures, 'ask' | 'list'>
  readonly store: Pick<Store, 'gateways' | 'ledger' | 'leases' | 'tree' | 'subscribe'>
  /** The ledger in a form for others. */
  readonly pages: Pick<Pages, 'read'>
  readonly overviews: Pick<Overviews, 'of'>
  readonly search: Pick<LedgerSearch, 'search' | 'entry' | 'state'>
  /** What this gateway found wrong with the tree, its chains and its witnesses, in words. */
  ledgerTrouble(): readonly string[]
  /** Evidence of a period, from the whole ledger. */
  report(period: Period): Promise<Report>
  readonly notifications: Pick<NotificationDesk, 'pushKey' | 'reach' | 'choose' | 'try' | 'subscriptions' | 'subscribe' | 'unsubscribe'>
  /** Null where sessions are not recorded. */
  readonly recordings: Pick<Library, 'search' | 'read' | 'watch' | 'mayWatch'> | null
  /** SQL of who is signed in on the web. */
  readonly queries: Pick<Queries, 'run'>
  /** The engine in force: asked for at each use, because it may be reloaded. */
  policy(): PolicyEngine
  policies(): {
    readonly version: string
    readonly files: readonly { readonly name: string; readonly text: string }[]
    /** Unix milliseconds. */
    readonly loadedAt: number
    /** What is on disk now is broken, and not in force. */
    readonly refused: { readonly at: number; readonly problems: readonly PolicyProblem[] } | null
  }
  /** The names of all resources, in their order. */
  resourceNames(): readonly string[]
  /**
   * The statements of an action, as a session that has just begun on the target would put them before policy; where it cannot be asked they are unknown.
   * Throws WorkflowError `not-found` for an unknown resource.
   */
  classify(resource: string, text: string): Promise<readonly Classified[]>
  resources(caller: Caller): Promise<readonly ResourceView[]>
  /** Looks at a target. What cannot be looked at is a finding; throws WorkflowError `not-found` for an unknown resource. */
  checkResource(name: string): Promise<{ readonly databases: readonly string[]; readonly findings: readonly Finding[] }>
  /** Puts another signing key in the place of this gateway's. Rejects with WorkflowError `unavailable` when not all entries are in the store. */
  rotateSigningKey(): Promise<RotatedKey>
  /** Records through this gateway that an admin vouches for another one's key. Throws WorkflowError. */
  vouch(by: Caller, wish: { readonly gateway: string; readonly key: string }): Promise<GatewayTrust>
  /** What ran under the grants of a request that the caller may see. */
  runs(request: string): Promise<Runs>
  /** All that proves what became of a request. Rejects with WorkflowError `unavailable` while not all of it is under a signed checkpoint. */
  receipt(request: Request): Promise<Receipt>
  /** Null where it was not built: pages that say what to do on the command line are in its place. */
  readonly console: Pick<Console, 'mount' | 'page'> | null
  readiness(): Promise<Readiness>
  /** Prometheus text format. */
  metrics(): Promise<string>
  readonly log: Logger
}
