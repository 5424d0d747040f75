import type { Config, IdentityConfig } from './config.ts'
import { absolute, type Report } from './resource.ts'
import type { RawConfig } from './schema.ts'

/** Who says who people are. */
export function readIdentity({ oidc, firstAdmin, refresh, scim }: RawConfig['identity'], folder: string): IdentityConfig {
  return {
    oidc: oidc.map(({ title, ...issuer }) => ({
      ...issuer,
      title: title ?? new URL(issuer.issuer).hostname,
      clientSecret: absolute(issuer.clientSecret, folder),
    })),
    firstAdmin: firstAdmin ?? null,
    refreshMs: refresh,
    scim: scim ? { ...scim, token: absolute(scim.token, folder) } : null,
  }
}

/** Codes, tokens and cookies do not cross a network in clear, and no two issuers share a name. */
export function checkIdentity({ identity: { oidc }, url }: Config, report: Report): void {
  if (oidc.length > 0 && isOpen(url))
    report(['url'], 'people sign in here, so this must be https, or http on the loopback: a browser keeps no cookie safe over plain http')
  oidc.forEach(({ name, issuer, scopes }, index) => {
    if (isOpen(issuer)) report(['identity', 'oidc', index, 'issuer'], 'expected https: who it says somebody is must not be changed on the way')
    if (oidc.findIndex((other) => other.name === name) < index)
      report(['identity', 'oidc', index, 'name'], `there is an issuer ${name} already; give each a name of its own`)
    if (!scopes.includes('openid')) report(['identity', 'oidc', index, 'scopes'], 'expected openid among the scopes: without it there is no ID token')
  })
}

/** Plain http to somewhere that is not this machine. */
function isOpen(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol !== 'https:' && !/^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}
