import { isIP } from 'node:net'
import { isLoopback } from '../net/listen.ts'

/** For whom passkeys are made: a domain, and the pages there that may use them. */
export interface RelyingParty {
  readonly id: string
  readonly origin: string
}

/**
 * The relying party of a gateway at this URL (WebAuthn Level 3, section 4: its id is a domain). An address has none, but for that of this very machine, which
 * every browser calls localhost. Null: browsers make no passkeys for a gateway at such a place, which is neither https nor here.
 */
export function relyingPartyOf(url: string): RelyingParty | null {
  const { protocol, hostname, port } = new URL(url)
  const address = hostname.replace(/^\[|\]$/g, '')
  if (isLoopback(address)) return { id: 'localhost', origin: `${protocol}//localhost${port === '' ? '' : `:${port}`}` }
  if (protocol !== 'https:' || isIP(address) !== 0) return null
  return { id: hostname, origin: new URL(url).origin }
}
