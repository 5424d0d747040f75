import { type Client, createClient } from '@countersign/contract/client'
import { Authenticator } from './authenticator.ts'

/** Somebody at a browser: the gateway's API with the cookie that it gave, from a page of its own origin, and an authenticator to hand. */
export interface Browser {
  readonly client: Client
  readonly passkeys: Authenticator
  /** Null while nobody is signed in here. */
  cookie(): string | null
}

/** `origin` is that of the gateway's configured URL, `url` where it is reached. */
export function openBrowser(url: string, origin: string, passkeys = new Authenticator(origin), userAgent = 'node'): Browser {
  let cookie: string | null = null
  const fetchFromPage = async (target: string, init: RequestInit) => {
    const headers = {
      ...(init.headers as Record<string, string>),
      'user-agent': userAgent,
      origin,
      'sec-fetch-site': 'same-origin',
      ...(cookie === null ? {} : { cookie }),
    }
    const answer = await fetch(target, { ...init, headers })
    for (const set of answer.headers.getSetCookie()) {
      const [pair = ''] = set.split(';')
      cookie = /;\s*max-age=0/i.test(set) ? null : pair
    }
    return answer
  }
  return { client: createClient({ url, fetch: fetchFromPage }), passkeys, cookie: () => cookie }
}

/** What stands behind the # of a link. */
export const secretOf = (link: string): string => new URL(link).hash.slice(1)

/** Opens a link that enrols a passkey, and enrols one. */
export async function enrol({ client, passkeys }: Browser, link: string, name = 'telephone') {
  const secret = secretOf(link)
  const { options } = await client.enrolOptions({ secret })
  return client.enrol({ secret, name, credential: passkeys.create(options) })
}

export async function signIn({ client, passkeys }: Browser) {
  const { options } = await client.signInOptions()
  return client.signInWithPasskey({ credential: passkeys.get(options) })
}
