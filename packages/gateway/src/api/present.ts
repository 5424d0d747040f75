import type {
  Impact as ImpactJson,
  OwnImpact as OwnImpactJson,
  Parameter as ParameterJson,
  SessionState,
  Statement,
} from '@countersign/contract/schemas/action'
import type { Erasure as ErasureJson } from '@countersign/contract/schemas/erasure'
import type { Grant as GrantJson } from '@countersign/contract/schemas/grant'
import type { Lease as LeaseJson } from '@countersign/contract/schemas/lease'
import type { Principal as PrincipalJson } from '@countersign/contract/schemas/principal'
import type { Recording as RecordingJson } from '@countersign/contract/schemas/recording'
import type { Given as GivenJson, Request as RequestJson, Review as ReviewJson } from '@countersign/contract/schemas/request'
import type { Receipt as ReceiptJson } from '@countersign/contract/schemas/receipt'
import type { Session as SessionJson } from '@countersign/contract/schemas/session'
import type { LoginInfo } from '@countersign/contract/schemas/login'
import type { TokenInfo } from '@countersign/contract/schemas/token'
import { visible } from '@countersign/contract/visible'
import type { Action, Parameter, Part, Statement as CoreStatement } from '@countersign/core/action'
import { type Ceiling, describeCoverage, type Given } from '@countersign/core/coverage'
import type { Grant } from '@countersign/core/grant'
import type { Impact, OwnImpact } from '@countersign/core/impact'
import { describeNeed, describeRequirement, missing } from '@countersign/core/need'
import { type Principal, principalId } from '@countersign/core/principal'
import { WITHHELD } from '@countersign/core/withheld'
import { approvers, ceilingOf, type Request, type Review } from '@countersign/core/request'
import type { ErasureState } from '../erasure/erasures.ts'
import type { Receipt } from '@countersign/ledger/receipt'
import { linkTo } from '../session/notices.ts'
import type { Found } from '../recordings/scan.ts'
import type { LeaseRecord, LoginRecord, RecordingRecord, SessionRecord, TokenRecord } from '../store/store.ts'

/** What core and the store hold, as the contract says it. */

export function presentRequest(request: Request, url: string): RequestJson {
  const open = request.status === 'pending' ? missing(request.need, approvers(request.reviews)) : []
  return {
    id: request.id,
    status: request.status,
    requester: presentPrincipal(request.requester),
    resource: request.resource,
    ask: presentAsk(request.ask),
    needs: {
      text: describeNeed(request.need),
      missing: open.length > 0 ? open.map(describeRequirement).join(' and ') : null,
      clauses: request.need.map((clause) => clause.map(({ policy, groups, quorum }) => ({ policy, groups: [...groups], quorum }))),
    },
    policies: [...request.policies],
    ceiling: presentCeiling(ceilingOf(request)),
    sign: request.obligations.sign,
    reason: request.reason,
    ticket: request.ticket,
    reviews: request.reviews.map(presentReview),
    session: request.session,
    inTransaction: request.inTransaction,
    createdAt: iso(request.createdAt),
    expiresAt: iso(request.expiresAt),
    decidedAt: isoOrNull(request.decidedAt),
    link: linkTo(url, request),
  }
}

function presentAsk(ask: Request['ask']): RequestJson['ask'] {
  if (ask.kind === 'scope') return { kind: 'scope', scope: ask.scope, durationMs: ask.ms, digest: ask.digest }
  return { kind: 'action', digest: ask.digest, ...presentAction(ask.action) }
}

/** `text` stays exactly what was hashed; `display` is what a reviewer is shown of it. */
function presentAction(action: Action) {
  const { type, text, parameters, state, statements, impact, pipeline, definition, differs, voided } = action
  const [only] = statements
  return {
    type,
    text,
    display: visible(text),
    parameters: parameters.map(presentParameter),
    pipeline: pipeline === true,
    fingerprint: statements.length === 1 && only ? only.fingerprint : null,
    state: state satisfies SessionState | null,
    statements: statements.map((statement) => presentStatement(statement, statement.part ?? action)),
    impact: impact ? presentImpact(impact) : null,
    definition: definition ?? null,
    differs: differs ? differs.map(({ from, to }) => ({ from, to })) : null,
    voided: voided ?? null,
  }
}

export function presentReceipt({ story, policy, entries, keys, passkeys, ...rest }: Receipt): ReceiptJson {
  return {
    ...rest,
    story: { ...story },
    policy: policy && { version: policy.version, files: [...policy.files] },
    entries: entries.map(({ proof, opened, ...entry }) => ({
      ...entry,
      proof: [...proof],
      opened: opened.map((one) => ({ ...one, secret: { ...one.secret } })),
    })),
    keys: keys.map(({ proof, ...entry }) => ({ ...entry, proof: [...proof] })),
    ...(passkeys && { passkeys: passkeys.map(({ proof, ...entry }) => ({ ...entry, proof: [...proof] })) }),
  }
}

const presentParameter = (parameter: Parameter): ParameterJson => ({
  ...parameter,
  display: parameter.withheld ? WITHHELD : parameter.value === null ? null : visible(parameter.value),
})

function presentStatement({ type, fingerprint, facts }: CoreStatement, { text, parameters, impact }: Part): Statement {
  const { tables, columns, unbounded, rows, rowsKnown } = facts
  return {
    type,
    text,
    display: visible(text),
    parameters: parameters.map(presentParameter),
    fingerprint,
    tables: [...tables],
    columns: [...columns],
    rows: rowsKnown ? rows : null,
    unbounded,
    impact: impact && type === 'sql:write' ? presentOwnImpact(impact) : null,
  }
}

const presentImpact = ({ locks, waiting, ...own }: Impact): ImpactJson => ({ ...presentOwnImpact(own), locks: words(locks), waiting: words(waiting) })

function presentOwnImpact({ rows, estimate, uniqueKey, because, ...named }: OwnImpact): OwnImpactJson {
  const { triggers, cascades, sets, where } = named
  return { rows, estimate, uniqueKey, because, triggers: words(triggers), cascades: words(cascades), sets: words(sets), where: words(where) }
}

const words = (list: readonly string[] | null) => list && [...list]

function presentReview({ reviewer, verdict, comment, given, proven, signature, at, lapsed }: Review): ReviewJson {
  return {
    reviewer: presentPrincipal(reviewer),
    verdict,
    comment,
    given: given && presentGiven(given),
    unproven: !proven,
    signature: signature && { passkey: signature.passkey },
    lapsed: lapsed === true,
    at: iso(at),
  }
}

function presentGiven(given: Given): GivenJson {
  switch (given.kind) {
    case 'once':
      return given
    case 'shape': {
      const { kind, maxRows, uses, ms, until } = given
      return { kind, maxRows, uses, durationMs: ms, until: isoOrNull(until) }
    }
    case 'duration':
      return { kind: 'duration', durationMs: given.ms }
  }
}

export const presentCeiling = (ceiling: Ceiling): RequestJson['ceiling'] =>
  ceiling.kind === 'duration' ? { kind: 'duration', durationMs: ceiling.ms } : ceiling

export function presentGrant(grant: Grant): GrantJson {
  const { id, request, session, resource, coverage, status, usesLeft, endReason } = grant
  return {
    id,
    request,
    session,
    subject: presentPrincipal(grant.subject),
    resource,
    coverage,
    covers: describeCoverage(coverage),
    approvers: grant.approvers.map(({ user }) => user),
    status,
    startsAt: iso(grant.startsAt),
    endsAt: iso(grant.endsAt),
    usesLeft,
    endedAt: isoOrNull(grant.endedAt),
    endReason,
  }
}

export function presentRecording(record: RecordingRecord, found: Found | null): RecordingJson {
  const { session, principal, resource, statements, failed, rows, answered, sha256, bytes, deleted } = record
  return {
    session,
    principal,
    resource,
    startedAt: iso(record.startedAt),
    endedAt: iso(record.endedAt),
    statements,
    failed,
    rows,
    answered,
    sha256,
    bytes,
    deleted: deleted && { at: iso(deleted.at), why: deleted.why },
    matches: found && { count: found.matches, first: found.first.map(({ at, ...match }) => ({ at: iso(at), ...match })) },
    broken: found?.broken ?? null,
  }
}

export function presentSession(session: SessionRecord): SessionJson {
  const { id, gateway, resource, database, grant, client, cut, endReason } = session
  return {
    id,
    gateway,
    principal: presentPrincipal(session.principal),
    resource,
    database,
    grant,
    client,
    startedAt: iso(session.startedAt),
    endsAt: iso(session.endsAt),
    cut: cut && { by: cut.by, reason: cut.reason },
    endedAt: isoOrNull(session.endedAt),
    endReason,
  }
}

export function presentLease(lease: LeaseRecord): LeaseJson {
  const { id, kind, resource, account, session, gateway, state, attempts, lastError } = lease
  return {
    id,
    kind,
    resource,
    account,
    session,
    gateway,
    state,
    createdAt: iso(lease.createdAt),
    endsAt: iso(lease.endsAt),
    attempts,
    lastError,
    nextAt: isoOrNull(lease.nextAt),
    removedAt: isoOrNull(lease.removedAt),
  }
}

export function presentErasure({ id, user, by, at, done, waiting }: ErasureState): ErasureJson {
  return { id, user, by, at: iso(at), done: done.map(({ gateway, at: when }) => ({ gateway, at: iso(when) })), waiting: [...waiting] }
}

/** `current` is the login that asks. */
export function presentLogin(
  { id, user, method, client, userAgent, createdAt, lastUsedAt, expiresAt, endedAt }: LoginRecord,
  current: string | null,
): LoginInfo {
  const times = { createdAt: iso(createdAt), lastUsedAt: iso(lastUsedAt), expiresAt: iso(expiresAt), endedAt: isoOrNull(endedAt) }
  return { id, user, method, client, userAgent, ...times, current: id === current }
}

/** Neither the hash nor the verifiers leave the gateway. */
export function presentToken(token: TokenRecord): TokenInfo {
  const { id, user, agent, name, scope, mayReview, proven, createdBy } = token
  return {
    id,
    user,
    agent,
    name,
    scope: scope && { resources: scope.resources && [...scope.resources], actions: scope.actions && [...scope.actions] },
    mayReview,
    unproven: !proven,
    createdBy,
    createdAt: iso(token.createdAt),
    expiresAt: iso(token.expiresAt),
    revokedAt: isoOrNull(token.revokedAt),
    lastUsedAt: isoOrNull(token.lastUsedAt),
  }
}

export function presentPrincipal(principal: Principal): PrincipalJson {
  return { id: principalId(principal), user: principal.user, agent: principal.agent }
}

const iso = (ms: number) => new Date(ms).toISOString()

const isoOrNull = (ms: number | null) => (ms === null ? null : iso(ms))
