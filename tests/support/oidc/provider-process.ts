import { generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { exportJWK, importJWK, SignJWT, UnsecuredJWT } from 'jose'
import { Provider } from 'oidc-provider'
import type { Claims, Order, Ready } from './messages.ts'

/*
 * An OpenID provider as a process of its own: oidc-provider with people that the parent process names, and a page that asks which of them signs in; where it
 * is told to (`asks`), one more that asks whether Countersign may know him. On command its ID tokens are wrong in one way, which no real provider would do by itself.
 */

const [people, clientId = '', clientSecret = '', port = '0', host = '127.0.0.1', asks = ''] = process.argv.slice(2)
const accounts = new Map<string, Claims>(Object.entries(JSON.parse(people ?? '{}') as Record<string, Claims>))
let fault: Order['fault'] = null

const server = createServer()
server.listen(Number(port), '127.0.0.1')
await once(server, 'listening')
const issuer = `http://${host}:${(server.address() as AddressInfo).port}`

const keyPair = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const own = keyPair()
const jwk = { ...(await exportJWK(own)), kid: 'own', alg: 'RS256', use: 'sig' }

const provider: Provider = new Provider(issuer, {
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: ['http://127.0.0.1/auth/oidc/corp/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
    },
  ],
  jwks: { keys: [jwk] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username', 'groups'] },
  features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
  pkce: { required: () => true },
  cookies: { keys: ['a key of a test'] },
  issueRefreshToken: () => Promise.resolve(true),
  interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/choose/${uid}` },
  findAccount: (_context: unknown, id: string) => {
    const claims = accounts.get(id)
    return claims && { accountId: id, claims: () => ({ sub: id, ...claims }) }
  },
  loadExistingGrant: async ({ oidc: { session, result } }) => {
    if (asks === '') return provider.Grant.find(await grantFor(session?.accountId))
    const given = result?.consent?.grantId ?? session?.grantIdFor(clientId)
    return given === undefined ? undefined : provider.Grant.find(given)
  },
})

async function grantFor(accountId = ''): Promise<string> {
  const grant = new provider.Grant({ clientId, accountId })
  grant.addOIDCScope('openid email profile offline_access')
  return grant.save()
}

// A gateway of a test listens on a port that nobody knew when its client was registered here.
const isLoopback = (uri: string) => new URL(uri).hostname === '127.0.0.1'
provider.Client.prototype.redirectUriAllowed = (uri: string) => isLoopback(uri) && new URL(uri).pathname.startsWith('/auth/oidc/')
provider.Client.prototype.postLogoutRedirectUriAllowed = isLoopback

provider.use(async (context, next) => {
  await next()
  if (context.path !== '/token' || fault === null || typeof context.body !== 'object' || context.body === null) return
  const body = context.body as { id_token?: string }
  if (body.id_token !== undefined) context.body = { ...body, id_token: await forged(body.id_token, fault) }
})

async function forged(token: string, how: NonNullable<Order['fault']>): Promise<string> {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
  const wrong = { audience: { aud: 'another-client' }, issuer: { iss: 'https://elsewhere.example' }, nonce: { nonce: 'another' }, expired: { exp: 1, iat: 1 } }
  if (how === 'alg-none') return new UnsecuredJWT(claims).encode()
  const key = how === 'key' ? await importJWK({ ...(await exportJWK(keyPair())), alg: 'RS256' }) : own
  return new SignJWT({ ...claims, ...(how === 'key' ? {} : wrong[how]) }).setProtectedHeader({ alg: 'RS256', kid: 'own' }).sign(key)
}

const answer = provider.callback()
server.on('request', (request, response) => {
  if (/^\/choose\/[\w-]+$/.test(request.url ?? '')) choose(request, response).catch(() => response.writeHead(400).end())
  else void answer(request, response)
})

async function choose(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { prompt, session } = await provider.interactionDetails(request, response)
  const isConsent = prompt.name === 'consent'
  if (request.method === 'GET') return void response.setHeader('content-type', 'text/html; charset=utf-8').end(isConsent ? CONSENT : page())
  const said = new URLSearchParams(await text(request))
  if (isConsent) return provider.interactionFinished(request, response, { consent: { grantId: await grantFor(session?.accountId) } })
  return provider.interactionFinished(request, response, { login: { accountId: said.get('who') ?? '' } })
}

const page = () =>
  `<!doctype html><title>Sign in</title><h1>Who are you?</h1><form method="post">${[...accounts.keys()].map((id) => `<button name="who" value="${id}">${id}</button>`).join(' ')}</form>`
const CONSENT = `<!doctype html><title>Allow</title><h1>May Countersign know who you are?</h1><form method="post"><button>Allow</button></form>`

process.on('message', (order: Order) => {
  fault = order.fault
  accounts.clear()
  for (const [id, claims] of Object.entries(order.people)) accounts.set(id, claims)
  process.send?.({ done: true })
})
process.on('disconnect', () => process.exit(0))
process.send?.({ issuer } satisfies Ready)
