import { hash } from 'node:crypto'
import { canonical, type JsonValue } from './canonical.ts'

export const APPROVAL_FORMAT = 'countersign/approval/v1'

/** What of `request.opened`, body and secret, a reviewer is shown. Which connection waits for it may change meanwhile, and is not among it. */
const ASKED = [
  'requester',
  'resource',
  'action',
  'statements',
  'scope',
  'ms',
  'text',
  'parameters',
  'each',
  'state',
  'impact',
  'digest',
  'reason',
  'ticket',
  'needs',
  'policy',
  'policies',
  'expiresAt',
  'salt',
] as const

type Json = { readonly [key: string]: JsonValue }

/** What a reviewer says to it. `given` is what would be granted; `before` (Unix milliseconds) the time by which it has to be signed. */
export interface Approval {
  readonly reviewer: string
  readonly given: JsonValue
  readonly comment: string | null
  readonly before: number
}

/**
 * The text that a reviewer is shown and his passkey signs: canonical JSON (RFC 8785) of what was asked, as the entry `request.opened` has it, and of what he
 * says to it. It follows from the ledger, so that it need not be kept beside it, and erasing the one takes the other. `salt`, of 128 random
 * bits, is in the sealed part of `request.opened`: without it nobody guesses a short statement from the challenge. Throws LedgerError as `canonical` does.
 */
export function shownOf(request: string, opened: Json, { reviewer, given, comment, before }: Approval): string {
  const asked = Object.fromEntries(ASKED.flatMap((name) => (opened[name] === undefined ? [] : [[name, opened[name]]])))
  return canonical({ format: APPROVAL_FORMAT, request, asked, reviewer, given, comment, before })
}

/** What the passkey is challenged with: the SHA-256 of what is shown, in UTF-8. */
export const challengeOf = (shown: string): Uint8Array => hash('sha256', shown, 'buffer')

/** True for the pages of this relying party: https, or this very machine. */
export function isOriginOf(rpId: string, origin: string): boolean {
  if (!URL.canParse(origin)) return false
  const { protocol, hostname, origin: own } = new URL(origin)
  const isWithin = hostname === rpId || hostname.endsWith(`.${rpId}`)
  return own === origin && isWithin && (protocol === 'https:' || (protocol === 'http:' && isWithinLocalhost(hostname)))
}

const isWithinLocalhost = (hostname: string) => hostname === 'localhost' || hostname.endsWith('.localhost')
