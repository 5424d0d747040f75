import { type Begin, type Decided, type End, type Finished, RecordedParameter, type Started } from '@countersign/contract/schemas/recording'
import type { JsonValue } from '../journal/journal.ts'

/** One event of the ledger, opened: `secret` is null where it has none, or where its key is gone. */
export interface Opened {
  readonly type: string
  readonly at: number
  readonly gateway: string
  readonly body: Readonly<Record<string, JsonValue>>
  readonly secret: Readonly<Record<string, JsonValue>> | null
}

/** What a session did altogether: `answered` is in bytes. */
export type Totals = Omit<End, 'line' | 'at' | 'reason'>

export function beginOf({ at, gateway, body, secret }: Opened): Begin {
  return {
    line: 'begin',
    v: 1,
    kind: 'sql',
    session: text(body['session']),
    gateway,
    principal: text(body['principal']),
    resource: text(body['resource']),
    database: textOrNull(body['database']),
    client: text(body['client']),
    grant: textOrNull(body['grant']),
    reason: textOrNull(secret?.['reason']),
    ticket: textOrNull(secret?.['ticket']),
    at,
  }
}

/** What an event says of a session that is recorded; null for what a recording does not tell. */
export function lineOf(event: Opened, keepsParameters: boolean): Started | Finished | Decided | null {
  switch (event.type) {
    case 'action.started':
      return started(event, keepsParameters)
    case 'action.finished':
      return finished(event)
    case 'action.decided':
      return decided(event)
    default:
      return null
  }
}

function started({ at, body, secret }: Opened, keepsParameters: boolean): Started {
  const parameters = parametersOf(secret?.['parameters'], keepsParameters)
  return {
    line: 'started',
    at,
    run: text(body['run']),
    action: text(body['action']),
    text: textOf(secret?.['text']),
    objects: texts(secret?.['objects']),
    ...(parameters === undefined ? {} : { parameters }),
    policies: texts(body['policies']),
    ...(body['requests'] === undefined ? {} : { requests: texts(body['requests']) }),
    ...(body['observed'] === undefined ? {} : { observed: text(body['observed']) }),
  }
}

/** Those that were too long to be recorded whole have their beginning in them: that is withheld too. */
function parametersOf(values: JsonValue | undefined, kept: boolean): Started['parameters'] {
  if (values === undefined) return undefined
  if (!Array.isArray(values)) return kept ? (longOf(values) ?? undefined) : 'withheld'
  return kept ? values.flatMap((value) => RecordedParameter.safeParse(value).data ?? []) : values.length
}

function finished({ at, body, secret }: Opened): Finished {
  return {
    line: 'finished',
    at,
    run: text(body['run']),
    result: text(body['result']),
    summary: text(body['summary']),
    rows: count(body['rows']),
    bytes: count(body['bytes']),
    ms: count(body['ms']),
    ...(typeof secret?.['error'] === 'string' ? { error: secret['error'] } : {}),
    ...sentOf(body['sent']),
  }
}

function decided({ at, body, secret }: Opened): Decided {
  return {
    line: 'decided',
    at,
    effect: text(body['effect']),
    action: text(body['action']),
    ...(secret?.['text'] === undefined ? {} : { text: textOf(secret['text']) }),
    objects: texts(secret?.['objects']),
    policies: texts(body['policies']),
    ...(body['request'] === undefined ? {} : { request: text(body['request']) }),
  }
}

export const endOf = (at: number, reason: string, totals: Totals): End => ({ line: 'end', at, reason, ...totals })

const text = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '')
const textOrNull = (value: JsonValue | undefined): string | null => (typeof value === 'string' ? value : null)
const texts = (value: JsonValue | undefined): string[] => (Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [])
const count = (value: JsonValue | undefined): number | null => (typeof value === 'number' ? value : null)

function textOf(value: JsonValue | undefined): Started['text'] {
  return typeof value === 'string' ? value : longOf(value)
}

function longOf(value: JsonValue | undefined) {
  if (!isRecord(value)) return null
  return { sha256: text(value['sha256']), bytes: count(value['bytes']) ?? 0, beginning: text(value['beginning']) }
}

function sentOf(value: JsonValue | undefined): Pick<Finished, 'sent'> {
  return isRecord(value) ? { sent: { bytes: count(value['bytes']) ?? 0, sha256: text(value['sha256']) } } : {}
}

const isRecord = (value: JsonValue | undefined): value is Readonly<Record<string, JsonValue>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
