import { generateCookie, getCookie } from 'hono/cookie'
import type { Config } from '../config/config.ts'
import type { Ctx } from './env.ts'

const NAME = 'countersign'
const FLOW = 'countersign-flow'
/** Seconds that somebody may take to sign in at an issuer. */
const FLOW_LIFE = 600

interface Kind {
  readonly name?: string
  readonly maxAge?: number
  readonly sameSite?: 'Strict' | 'Lax'
}

/**
 * The cookie of a login. Over https it is `__Host-countersign`, which no sibling of this host can set (RFC 6265bis); on the loopback there is no https, and a
 * browser would not keep a `Secure` one there.
 */
export class LoginCookie {
  readonly #config: Pick<Config, 'url'>

  constructor(config: Pick<Config, 'url'>) {
    this.#config = config
  }

  /** Null where the browser has none. */
  read(c: Ctx): string | null {
    return getCookie(c, NAME, this.#isSecure ? 'host' : undefined) ?? null
  }

  /** It goes with the browser's session, or with the login when that ends sooner. */
  set(c: Ctx, secret: string): void {
    c.header('set-cookie', this.#cookie(secret, {}), { append: true })
  }

  clear(c: Ctx): void {
    c.header('set-cookie', this.#cookie('', { maxAge: 0 }), { append: true })
  }

  /** Of the way to an issuer and back. Null where the browser is on none. */
  readFlow(c: Ctx): string | null {
    return getCookie(c, FLOW, this.#isSecure ? 'host' : undefined) ?? null
  }

  /** `Lax`: the issuer's page sends the browser back, which is another site. */
  setFlow(c: Ctx, value: string): void {
    c.header('set-cookie', this.#cookie(value, { name: FLOW, maxAge: FLOW_LIFE, sameSite: 'Lax' }), { append: true })
  }

  clearFlow(c: Ctx): void {
    c.header('set-cookie', this.#cookie('', { name: FLOW, maxAge: 0, sameSite: 'Lax' }), { append: true })
  }

  #cookie(value: string, { name = NAME, sameSite = 'Strict', ...more }: Kind): string {
    const host = this.#isSecure ? { prefix: 'host' as const, secure: true } : {}
    return generateCookie(name, value, { ...host, ...more, path: '/', httpOnly: true, sameSite })
  }

  /** Asked at each use: the port, and with it the URL, may be known only once the gateway listens. */
  get #isSecure(): boolean {
    return this.#config.url.startsWith('https:')
  }
}
