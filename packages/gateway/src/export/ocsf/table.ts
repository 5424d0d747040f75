import type { EventType } from '../../journal/journal.ts'
import { type About, NOTHING } from '../known.ts'
import type { Severity } from '../record.ts'
import type { LedgerEvent } from '@countersign/ledger/group'
import { ACCOUNT_CHANGE, AUTHENTICATION, BASE, DATASTORE, ENTITY_MANAGEMENT, LIFECYCLE, type OcsfClass, USER_ACCESS } from './classes.ts'

/** `Other` comes with a word of ours. */
export type Status = 'Unknown' | 'Success' | 'Failure' | { readonly other: string }

/** What policy did with an action: `security_control` of OCSF. */
export type Control = 'allowed' | 'held' | 'denied' | 'observed'

/** What one type of event is in OCSF. docs/ocsf.md is this table in words, and a test holds them together. */
export interface Row {
  readonly class: OcsfClass
  readonly activity: number
  readonly severity: Severity
  readonly status: Status
  readonly control?: Control
  /** Of Entity Management: what is managed, and the member of the body that names it. */
  readonly entity?: { readonly type: string; readonly uid: string }
}

type Body = LedgerEvent['body']

const entity = (activity: number, type: string, uid: string, severity: Severity = 'informational', status: Status = 'Success'): Row => ({
  class: ENTITY_MANAGEMENT,
  activity,
  severity,
  status,
  entity: { type, uid },
})
const row = (of: OcsfClass, activity: number, severity: Severity = 'informational', status: Status = 'Success'): Row => ({
  class: of,
  activity,
  severity,
  status,
})

const [CREATE, READ, UPDATE, DELETE, ENROLL, ENABLE] = [1, 2, 3, 4, 6, 8]

const FIXED = {
  'gateway.enrolled': entity(ENROLL, 'Gateway key', 'key', 'low'),
  'gateway.key-rotated': entity(UPDATE, 'Gateway key', 'key', 'low'),
  'gateway.vouched': entity(ENABLE, 'Gateway key', 'key', 'low'),
  'gateway.started': row(LIFECYCLE, 3),
  'gateway.stopped': row(LIFECYCLE, 4),
  'journal.recovered': row(LIFECYCLE, 99, 'medium'),
  'policy.loaded': entity(UPDATE, 'Policy', 'policy', 'low'),
  'policy.rejected': entity(UPDATE, 'Policy', 'policy', 'medium', 'Failure'),
  'token.created': entity(CREATE, 'Token', 'token', 'low'),
  'token.revoked': entity(DELETE, 'Token', 'token', 'low'),
  'login.started': row(AUTHENTICATION, 1),
  'login.refused': row(AUTHENTICATION, 1, 'medium', 'Failure'),
  'login.ended': row(AUTHENTICATION, 2),
  'person.changed': entity(UPDATE, 'Person', 'user', 'low'),
  'invite.created': entity(CREATE, 'Invitation', 'invite', 'medium'),
  'invite.revoked': entity(DELETE, 'Invitation', 'invite', 'low'),
  'passkey.enrolled': entity(ENROLL, 'Passkey', 'passkey', 'medium'),
  'passkey.reviewed': entity(UPDATE, 'Passkey', 'passkey', 'medium'),
  'passkey.removed': entity(DELETE, 'Passkey', 'passkey', 'medium'),
  'passkey.refused': row(AUTHENTICATION, 1, 'high', 'Failure'),
  'device.confirmed': entity(ENABLE, 'Command line', 'device', 'low'),
  'device.refused': entity(DELETE, 'Command line', 'device', 'medium'),
  'request.opened': entity(CREATE, 'Access request', 'request'),
  'request.approved': entity(UPDATE, 'Access request', 'request', 'low', { other: 'Approved' }),
  'request.denied': entity(UPDATE, 'Access request', 'request', 'medium', { other: 'Denied' }),
  'request.withdrawn': entity(UPDATE, 'Access request', 'request', 'informational', { other: 'Withdrawn' }),
  'request.expired': entity(UPDATE, 'Access request', 'request', 'informational', { other: 'Expired' }),
  'grant.issued': row(USER_ACCESS, 1),
  'grant.used': entity(UPDATE, 'Grant', 'grant'),
  'grant.ended': row(USER_ACCESS, 2),
  'session.refused': row(AUTHENTICATION, 1, 'medium', 'Failure'),
  'session.started': row(AUTHENTICATION, 1),
  'session.killed': entity(DELETE, 'Session', 'session', 'medium'),
  'session.watched': entity(READ, 'Session', 'session', 'low'),
  'session.ended': row(AUTHENTICATION, 2),
  'session.lost': row(AUTHENTICATION, 2, 'medium'),
  'lease.made': row(ACCOUNT_CHANGE, 1),
  'lease.removed': row(ACCOUNT_CHANGE, 6),
  'rights.granted': row(USER_ACCESS, 1),
  'rights.revoked': row(USER_ACCESS, 2),
  'erasure.asked': entity(UPDATE, 'Erasure', 'erasure', 'medium'),
  'person.erased': entity(DELETE, 'Erasure', 'erasure', 'medium'),
  'recording.finished': entity(CREATE, 'Recording', 'session'),
  'recording.deleted': entity(DELETE, 'Recording', 'session', 'medium'),
  'recording.read': entity(READ, 'Recording', 'session', 'low'),
  'recording.searched': entity(READ, 'Recordings', 'by', 'low'),
} as const satisfies Readonly<Record<Exclude<EventType, keyof typeof DECIDED>, Row>>

/** Those whose body decides. */
const DECIDED = {
  'request.reviewed': ({ verdict, proven }) =>
    entity(UPDATE, 'Access request', 'request', proven === true ? 'low' : 'medium', { other: verdict === 'approve' ? 'Review: approve' : 'Review: deny' }),
  'action.decided': ({ effect }, { action }) =>
    effect === 'deny'
      ? { class: DATASTORE, activity: activityOf(action), severity: 'medium', status: 'Failure', control: 'denied' }
      : { class: DATASTORE, activity: activityOf(action), severity: 'low', status: { other: 'Held' }, control: 'held' },
  'action.started': ({ observed, grants }, { action }) => ({
    class: DATASTORE,
    activity: activityOf(action),
    severity: observed !== undefined || grants !== undefined ? 'low' : 'informational',
    status: 'Unknown',
    control: observed === undefined ? 'allowed' : 'observed',
  }),
  'action.finished': ({ result }, { action }) => ({
    class: DATASTORE,
    activity: activityOf(action),
    severity: result === 'unknown' ? 'medium' : 'informational',
    status: result === 'done' ? 'Success' : result === 'failed' ? 'Failure' : 'Unknown',
  }),
} as const satisfies Readonly<Partial<Record<EventType, (body: Body, about: About) => Row>>>

/** Also for an event of a later version. */
export function rowOf({ type, body }: LedgerEvent, about: About): Row {
  const decided: Readonly<Record<string, (body: Body, about: About) => Row>> = DECIDED
  const fixed: Readonly<Record<string, Row>> = FIXED
  return decided[type]?.(body, about) ?? fixed[type] ?? { class: BASE, activity: 99, severity: 'informational', status: 'Unknown' }
}

/** Datastore Activity knows reading and writing; what is neither is `Other`, with its own name. */
function activityOf(action: string | null): number {
  switch (action) {
    case 'connect':
      return 3
    case 'sql:read':
      return 4
    case 'sql:write':
      return 5
    case null:
      return 0
    default:
      return 99
  }
}

const LOUDNESS: readonly Severity[] = ['informational', 'low', 'medium', 'high']

/** The loudest of an entry's events. */
export function severityOf(events: readonly LedgerEvent[]): Severity {
  const loudness = events.map((event) => LOUDNESS.indexOf(rowOf(event, NOTHING).severity))
  return LOUDNESS[Math.max(0, ...loudness)] ?? 'informational'
}
