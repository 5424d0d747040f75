import { errorResponse, noticeResponse } from '@countersign/wire/postgres/encode'
import type { Notice, Refusal } from '../adapter.ts'

/** The connection is refused before there is a session; said to the client as a FATAL error. */
export class ConnectionRefused extends Error {
  /** A SQLSTATE (PostgreSQL documentation, appendix A). */
  readonly sqlstate: string
  readonly hint: string | null

  constructor(sqlstate: string, message: string, hint: string | null = null, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ConnectionRefused'
    this.sqlstate = sqlstate
    this.hint = hint
  }
}

/** A refused statement: the session stays usable. */
export function statementError(refusal: Refusal): Uint8Array {
  return errorResponse({ severity: 'ERROR', code: statementState(refusal), ...said(refusal) })
}

/** What the gateway itself does not take. */
export function statementFailure(sqlstate: string, message: string, hint: string | null = null): Uint8Array {
  return errorResponse({ severity: 'ERROR', code: sqlstate, ...said({ message, detail: null, hint }) })
}

/** A refused connection. 57P03 (cannot connect now) where another try may go through. */
export function connectError(refusal: Refusal): Uint8Array {
  const code = refusal.code === 'denied' ? '42501' : '57P03'
  return errorResponse({ severity: 'FATAL', code, ...said(refusal) })
}

export function fatal(sqlstate: string, message: string, hint: string | null): Uint8Array {
  return errorResponse({ severity: 'FATAL', code: sqlstate, ...said({ message, detail: null, hint }) })
}

export function noticeOf(notice: Notice): Uint8Array {
  return noticeResponse({ severity: 'NOTICE', code: '00000', ...said(notice) })
}

function statementState({ code }: Refusal): string {
  switch (code) {
    case 'denied':
      return '42501' // insufficient_privilege
    case 'expired':
    case 'withdrawn':
      return '57014' // query_canceled
    case 'pending':
      return '55000' // object_not_in_prerequisite_state: not now, but perhaps later
    case 'unavailable':
      return '58000' // system_error
    case 'ended':
      return '57P01' // admin_shutdown
  }
}

/**
 * In these texts are words that other people typed, and psql prints them as they are: what moves a cursor, starts a line
 * that looks like the gateway's own, turns the writing around or (NUL) ends a field early is shown as its code.
 */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`)
}

function said({ message, detail, hint }: Notice): { message: string; detail?: string; hint?: string } {
  return {
    message: printable(message),
    ...(detail === null ? {} : { detail: printable(detail) }),
    ...(hint === null ? {} : { hint: printable(hint) }),
  }
}
