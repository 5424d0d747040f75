import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Claims, Order, Ready } from './oidc/messages.ts'

const PROGRAM = new URL('./oidc/provider-process.ts', import.meta.url)

export interface OidcProvider {
  readonly issuer: string
  /** For `identity.oidc` of a gateway's configuration; `env` is what its process needs for it. */
  readonly client: { readonly issuer: string; readonly clientId: string; readonly clientSecret: { readonly env: string } }
  readonly env: Readonly<Record<string, string>>
  /** From now on it knows these people alone, by their subject: one that is left out is gone, and his refresh tokens with him. */
  set(people: Order['people'], fault?: Order['fault']): Promise<void>
  stop(): Promise<void>
}

/**
 * Starts a real OpenID provider (oidc-provider), a process of its own on a loopback port: its page has a button for each of `people`, by subject. `elsewhere`:
 * it is at another site than a gateway of a test, as browsers see it, and asks the person whether Countersign may know him.
 */
export async function startOidcProvider(people: Readonly<Record<string, Claims>>, elsewhere = false): Promise<OidcProvider> {
  const [clientId, clientSecret] = ['countersign', 'the secret of a client in a test, canary-client-secret']
  const where = elsewhere ? ['0', 'localhost', 'asks'] : []
  const child = fork(PROGRAM, [JSON.stringify(people), clientId, clientSecret, ...where], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  const [ready] = (await Promise.race([once(child, 'message'), exited.then(() => Promise.reject(new Error('the provider ended')))])) as [Ready]
  return {
    issuer: ready.issuer,
    client: { issuer: ready.issuer, clientId, clientSecret: { env: 'OIDC_CLIENT_SECRET' } },
    env: { OIDC_CLIENT_SECRET: clientSecret },
    set: async (next, fault = null) => {
      child.send({ people: next, fault } satisfies Order)
      await once(child, 'message')
    },
    stop: async () => {
      child.kill()
      await exited
    },
  }
}

/** A browser of few words: it keeps cookies by host, follows redirects, and presses the button of whom it is told. */
export class Visitor {
  readonly #jars = new Map<string, Map<string, string>>()

  /** Where it ends up; the provider's page is answered with `who`. Stops before what `until` says. */
  async go(
    url: string,
    who: string,
    until: (url: string) => boolean = () => false,
  ): Promise<{ readonly url: string; readonly status: number; readonly text: string }> {
    let [next, init]: [string, RequestInit] = [url, {}]
    for (let hops = 0; hops < 20; hops++) {
      if (until(next)) return { url: next, status: 0, text: '' }
      const answer = await this.fetch(next, init)
      const to = answer.headers.get('location')
      if (to !== null) [next, init] = [new URL(to, next).href, {}]
      else if (/\/choose\/[\w-]+$/.test(next) && init.method === undefined)
        init = { method: 'POST', body: new URLSearchParams({ who }).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } }
      else return { url: next, status: answer.status, text: await answer.text() }
    }
    throw new Error(`redirected without end, at last to ${next}`)
  }

  /** One request with the cookies of that host; nothing is followed. */
  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const { host } = new URL(url)
    const jar = this.#jars.get(host) ?? new Map<string, string>()
    this.#jars.set(host, jar)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { ...(cookie === '' ? {} : { cookie }), ...(init.headers as Record<string, string>) },
    })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '' || /max-age=0\b/i.test(line) || /expires=thu, 01 jan 1970/i.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    return answer
  }

  /** The cookies that it has for a host. */
  cookies(url: string): ReadonlyMap<string, string> {
    return this.#jars.get(new URL(url).host) ?? new Map()
  }
}
