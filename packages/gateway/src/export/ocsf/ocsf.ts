import { isIP } from 'node:net'
import type { JsonValue } from '@countersign/ledger/canonical'
import type { About, Known } from '../known.ts'
import { entryId, type ExportEntry, type ExportEvent, type ExportRecord, type Format, type Severity } from '../record.ts'
import { ACCOUNT_CHANGE, AUTHENTICATION, DATASTORE, ENTITY_MANAGEMENT, LIFECYCLE, OCSF_VERSION, USER_ACCESS } from './classes.ts'
import { type Control, type Row, rowOf, type Status } from './table.ts'

type Json = Readonly<Record<string, JsonValue>>

/** One event of OCSF for each event of an entry. `version` is the gateway's own. */
export class Ocsf implements Format {
  readonly #known: Known
  readonly #version: string

  constructor(known: Known, version: string) {
    this.#known = known
    this.#version = version
  }

  async records({ leaf, entry, events }: ExportEntry): Promise<readonly ExportRecord[]> {
    const records: ExportRecord[] = []
    for (const [index, event] of events.entries()) {
      const id = events.length === 1 ? entryId(entry) : `${entryId(entry)}/${index}`
      const about = await this.#known.about(event)
      const row = rowOf(event, about)
      const told = eventOf({ id, version: this.#version, index: leaf.index, gateway: entry.gateway, seq: entry.seq, at: entry.at, event, about, row })
      records.push({ id, at: entry.at, type: event.type, severity: row.severity, text: JSON.stringify(told) })
    }
    return records
  }
}

interface Told {
  readonly id: string
  readonly version: string
  readonly index: number
  readonly gateway: string
  readonly seq: number
  readonly at: number
  readonly event: ExportEvent
  readonly about: About
  readonly row: Row
}

function eventOf(told: Told): Json {
  const { at, row, event, about } = told
  return {
    ...classification(row, event.type),
    time: at,
    message: messageOf(event, about),
    metadata: metadataOf(told),
    ...statusOf(row.status),
    ...(row.control === undefined ? {} : CONTROLS[row.control]),
    ...specific(told),
    unmapped: unmappedOf(told),
  }
}

const SEVERITIES: Readonly<Record<Severity, { readonly id: number; readonly name: string }>> = {
  informational: { id: 1, name: 'Informational' },
  low: { id: 2, name: 'Low' },
  medium: { id: 3, name: 'Medium' },
  high: { id: 4, name: 'High' },
}

/** Of an activity that OCSF has no number for, the name is ours. */
function classification({ class: of, activity, severity }: Row, type: string): Json {
  const name = activity === 99 ? type : (of.activities[activity] ?? type)
  return {
    category_uid: of.category.uid,
    category_name: of.category.name,
    class_uid: of.uid,
    class_name: of.name,
    activity_id: activity,
    activity_name: name,
    type_uid: of.uid * 100 + activity,
    type_name: `${of.name}: ${of.activities[activity] ?? 'Other'}`,
    severity_id: SEVERITIES[severity].id,
    severity: SEVERITIES[severity].name,
  }
}

const STATUSES = { Unknown: 0, Success: 1, Failure: 2 } as const

function statusOf(status: Status): Json {
  return typeof status === 'string' ? { status_id: STATUSES[status], status } : { status_id: 99, status: status.other }
}

const CONTROLS: Readonly<Record<Control, Json>> = {
  allowed: { action_id: 1, action: 'Allowed', disposition_id: 1, disposition: 'Allowed' },
  observed: { action_id: 1, action: 'Allowed', disposition_id: 17, disposition: 'Logged' },
  held: { action_id: 99, action: 'Held', disposition_id: 14, disposition: 'Delayed' },
  denied: { action_id: 2, action: 'Denied', disposition_id: 2, disposition: 'Blocked' },
}

/** `sequence` is the leaf's index: the one order of all gateways. `correlation_uid` joins what one statement, or one request, left. */
function metadataOf({ id, version, index, gateway, event, row }: Told): Json {
  const { run, request, session } = event.body
  const correlation = [run, request, session].find((value) => typeof value === 'string')
  return {
    version: OCSF_VERSION,
    uid: id,
    event_code: event.type,
    sequence: index,
    log_name: 'ledger',
    log_source: gateway,
    product: { name: 'Countersign', vendor_name: 'Countersign', version },
    ...(correlation === undefined ? {} : { correlation_uid: correlation }),
    ...(row.control === undefined ? {} : { profiles: ['security_control'] }),
  }
}

/** What there is no place for. `body` is all that the ledger says, so that nothing is lost in the translation. */
function unmappedOf({ gateway, seq, event }: Told): Json {
  const { body, commitment, secret } = event
  return { gateway, seq, body, ...(commitment === undefined ? {} : { commitment }), ...(secret === null ? {} : { texts: secret }) }
}

/** Ids and types, and never what a person typed. */
function messageOf({ type, body }: ExportEvent, { principal, resource, action }: About): string {
  const of = [body['request'], body['grant'], body['session'], body['token'], body['login'], body['lease']].find((value) => typeof value === 'string')
  return [
    type,
    ...(action === null ? [] : [action]),
    ...(of === undefined ? [] : [of]),
    ...(principal === null ? [] : [`by ${principal}`]),
    ...(resource === null ? [] : [`on ${resource}`]),
  ].join(' ')
}

/** What the class of the event has beside what all have. */
function specific(told: Told): Json {
  const { row, event, about, version } = told
  switch (row.class) {
    case DATASTORE:
      return { ...actorOf(told), ...endpointOf(about, true), ...databaseOf(about), ...queryOf(event), ...policiesOf(told) }
    case AUTHENTICATION:
      return {
        user: userOf(about.principal),
        ...endpointOf(about, false),
        service: { name: about.resource ?? 'Countersign' },
        is_remote: true,
        ...sessionOf(event),
        ...detailOf(event),
      }
    case USER_ACCESS:
      return {
        ...actorOf(told),
        user: userOf(about.principal),
        privileges: privilegesOf(event),
        ...(about.resource === null ? {} : { resources: [{ name: about.resource, uid: about.resource, type: 'Resource' }] }),
        ...detailOf(event),
      }
    case ACCOUNT_CHANGE:
      return {
        ...actorOf(told),
        user: { name: text(event.body['account']), uid: text(event.body['lease']), type_id: 1, type: 'User', domain: text(event.body['resource']) },
      }
    case ENTITY_MANAGEMENT:
      return {
        ...actorOf(told),
        entity: {
          name: `${row.entity?.type ?? 'Entity'} ${text(event.body[row.entity?.uid ?? ''])}`,
          uid: text(event.body[row.entity?.uid ?? '']),
          type: row.entity?.type ?? 'Other',
        },
      }
    case LIFECYCLE:
      return { app: { name: 'Countersign', vendor_name: 'Countersign', version } }
    default:
      return {}
  }
}

const text = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : 'unknown')

/** Who did it: for a review the reviewer, for what was ended the one who ended it, else whom it is about. */
function actorOf({ event, about, gateway }: Told): Json {
  const { reviewer, by, session } = event.body
  const who = [reviewer, by].find((value) => typeof value === 'string') ?? about.principal
  if (who === null || who === undefined) return { actor: { app_name: 'Countersign', app_uid: gateway } }
  return { actor: { user: userOf(text(who)), ...(typeof session === 'string' ? { session: { uid: session } } : {}) } }
}

/** An agent is a service account of its user: `alice@example.com/claude`. */
function userOf(principal: string | null): Json {
  if (principal === null) return { name: 'unknown', uid: 'unknown', type_id: 0, type: 'Unknown' }
  return { name: principal, uid: principal, ...(principal.includes('/') ? { type_id: 4, type: 'Service' } : { type_id: 1, type: 'User' }) }
}

/** The client's host and port stand together, and an IPv6 address has colons of its own. */
function endpointOf({ client }: About, required: boolean): Json {
  const split = client?.lastIndexOf(':') ?? -1
  const host = client?.slice(0, split) ?? ''
  const port = Number(client?.slice(split + 1))
  if (isIP(host) === 0) return required ? { src_endpoint: { name: client ?? 'unknown' } } : {}
  return { src_endpoint: { ip: host, ...(Number.isInteger(port) && port > 0 ? { port } : {}) } }
}

function databaseOf({ resource, database }: About): Json {
  return {
    database: { name: database ?? resource ?? 'unknown', ...(resource === null ? {} : { uid: resource }), type_id: 1, type: 'Relational' },
    type_id: 1,
    type: 'Database',
  }
}

/** The text of a statement, where the export may open it. */
function queryOf({ body, secret }: ExportEvent): Json {
  const query = secret?.['text']
  const { run } = body
  return typeof query === 'string' ? { query_info: { query_string: query, ...(typeof run === 'string' ? { uid: run } : {}) } } : {}
}

/** The policies that decided, as `authorizations` of the security_control profile; none where the event is not of that profile. */
function policiesOf({ row, event: { body } }: Told): Json {
  const { policies, effect } = body
  if (row.control === undefined || !Array.isArray(policies) || policies.length === 0) return {}
  return {
    authorizations: policies.map((name) => ({
      decision: text(effect ?? 'allow'),
      policy: { name: text(name), ...(typeof body['policy'] === 'string' ? { version: body['policy'] } : {}) },
    })),
  }
}

function sessionOf({ body }: ExportEvent): Json {
  const { session, endsAt } = body
  if (typeof session !== 'string') return {}
  return { session: { uid: session, ...(typeof endsAt === 'number' ? { expiration_time: endsAt } : {}) } }
}

/** What a grant covers, or the roles that a statement was given. */
function privilegesOf({ body }: ExportEvent): JsonValue {
  const { roles, scope, coverage, grant } = body
  if (Array.isArray(roles)) return roles.map(text)
  return [text(scope ?? coverage ?? grant)]
}

function detailOf({ body }: ExportEvent): Json {
  const detail = [body['reason'], body['code'], body['status']].find((value) => typeof value === 'string')
  return detail === undefined ? {} : { status_detail: detail }
}
