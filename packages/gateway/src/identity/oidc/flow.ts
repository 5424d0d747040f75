import { createHash, createHmac, randomBytes } from 'node:crypto'

/**
 * One exchange with an issuer, from the redirect there to the way back. All of it follows from a secret in the browser's cookie: a way back that this browser
 * did not set out on has none of it, and nothing is kept here meanwhile, so that nobody fills the store by setting out.
 */
export interface Flow {
  readonly issuer: string
  /** A path of this gateway that the browser goes to afterwards. */
  readonly to: string
  readonly state: string
  readonly nonce: string
  /** RFC 7636. */
  readonly verifier: string
  /** Of the login that the browser had when it set out (`knownBy`): its cookie does not come back with it from another site. */
  readonly before: string | null
}

const LONGEST_PATH = 1_024
const SHAPE = /^([A-Za-z0-9_-]{1,63})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]*)(?:\.([0-9a-f]{64}))?$/

/** With what the cookie holds. */
export function beginFlow(issuer: string, to: string, before: string | null): { readonly flow: Flow; readonly cookie: string } {
  const secret = randomBytes(32).toString('base64url')
  const parts = [issuer, secret, Buffer.from(to).toString('base64url'), ...(before === null ? [] : [before])]
  return { flow: flowOf(issuer, secret, to, before), cookie: parts.join('.') }
}

/** Null for what no gateway has set. */
export function readFlow(cookie: string): Flow | null {
  const [, issuer, secret, to, before = null] = SHAPE.exec(cookie) ?? []
  if (issuer === undefined || secret === undefined || to === undefined) return null
  return flowOf(issuer, secret, localPath(Buffer.from(to, 'base64url').toString('utf8')), before)
}

/** Under this name a login is known to have come from this exchange, so that it gives no second one. */
export const nameOf = ({ state }: Pick<Flow, 'state'>): string => createHash('sha256').update(state).digest('hex')

/** Where somebody wanted to go, if that is a page of this gateway; else `/`. What a browser would read as another host (`//evil`, `/\evil`, a tab between) is none. */
export function localPath(wanted: string | undefined): string {
  if (wanted === undefined || wanted.length > LONGEST_PATH || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(wanted)) return '/'
  const here = 'http://countersign.invalid'
  if (!URL.canParse(wanted, here)) return '/'
  const { origin, pathname, search, hash } = new URL(wanted, here)
  const isPage = origin === here && !/^\/(?:\/|\\|api(?:\/|$)|auth(?:\/|$))/.test(pathname)
  return isPage ? pathname + search + hash : '/'
}

function flowOf(issuer: string, secret: string, to: string, before: string | null): Flow {
  const derive = (what: string) => createHmac('sha256', secret).update(what).digest('base64url')
  return { issuer, to, state: derive('state'), nonce: derive('nonce'), verifier: derive('verifier'), before }
}
