import { Backend } from '@countersign/wire/postgres/backend'
import { ProtocolError } from '@countersign/wire/postgres/error'
import type { Change } from './names.ts'

/** An answer that the server owes. `hidden` is our own doing: the client does not see it, unless it fails. */
export interface Expected {
  readonly kind: 'query' | 'parse' | 'bind' | 'describe' | 'execute' | 'close' | 'sync'
  readonly hidden?: boolean
  /** A query that is a function call: it has one result instead of rows. */
  readonly call?: boolean
  /** Told to Names when the server confirms them. */
  readonly changes?: readonly Change[]
  /** Part of it may have happened although it failed. */
  readonly partial?: boolean
  /** The execution whose outcome this answer is; of a Bind only when it fails. */
  readonly run?: string
  /** When a run was forwarded, monotonic milliseconds. */
  sentAt?: number
  /** Nothing behind it is judged before it is over, because it may change how the next is read. */
  readonly settles?: boolean
  /** It takes data once the server has said so. */
  readonly copies?: boolean
  /** It may change settings, which the server reports with ReadyForQuery and not before. */
  readonly resets?: boolean
  /** It may change what names mean. */
  readonly touches?: boolean
  /** Nobody can say what it did: afterwards no name can be trusted to mean what it meant. */
  readonly taints?: boolean
  /** Must fail, unseen: it was sent to make the server abort its transaction. */
  readonly poison?: boolean
  /** Gets the rows of a hidden execute. */
  capture?(rows: Uint8Array): void
  /** Gets the server's message when it fails, which the client then does not see. */
  onRefused?(message: string): void
  /** Called when the server has answered, not when it failed or skipped. */
  onAnswer?(): void
}

/** True when `code` is the last answer to `head`; a simple Query is answered by ReadyForQuery alone. */
export function completes({ kind }: Expected, code: number): boolean {
  switch (kind) {
    case 'parse':
      return only(code, Backend.parseComplete)
    case 'bind':
      return only(code, Backend.bindComplete)
    case 'close':
      return only(code, Backend.closeComplete)
    case 'describe':
      return code === Backend.rowDescription || code === Backend.noData
    case 'execute':
      return code === Backend.commandComplete || code === Backend.emptyQueryResponse || code === Backend.portalSuspended
    case 'query':
      return false
    case 'sync':
      throw new ProtocolError('unexpected', 'the server answered what nobody asked')
  }
}

function only(code: number, expected: number): boolean {
  if (code !== expected) throw new ProtocolError('unexpected', 'the server answered something else than it was asked')
  return true
}

/** Throws where nothing was asked. */
export function asked(head: Expected | undefined): Expected {
  if (!head) throw new ProtocolError('unexpected', 'the server answered what nobody asked')
  return head
}
