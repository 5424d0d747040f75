import type { FrontendMessage } from '@countersign/wire/postgres/frontend-message'
import type { Expected } from '../expected.ts'
import type { Pass } from './guard.ts'

/**
 * A Bind that was allowed and is not sent yet. A server checks the rights of most portals at Bind and of others at Execute, so both run under the same
 * grant, and it is opened when the client has said both.
 */
export class Pending {
  readonly pass: Pass
  readonly portal: string
  readonly messages: { readonly raw: Uint8Array; readonly expected: Expected }[]

  constructor(portal: string, pass: Pass, raw: Uint8Array, expected: Expected) {
    this.portal = portal
    this.pass = pass
    this.messages = [{ raw, expected }]
  }

  /** Takes a Describe of the same portal, which goes between the two. False for anything else. */
  describe(message: FrontendMessage): boolean {
    if (message.kind !== 'describe' || message.target !== 'P' || message.name !== this.portal) return false
    this.messages.push({ raw: message.raw, expected: { kind: 'describe' } })
    return true
  }
}
