import * as client from 'openid-client'
import type { OidcConfig } from '../../config/config.ts'
import { readSecret } from '../../config/secret.ts'
import { type Claims, isPartial } from './claims.ts'
import type { Flow } from './flow.ts'

/** Seconds that the clocks of a gateway and an issuer may differ. */
const CLOCK_TOLERANCE_S = 30
/** Seconds. Somebody waits. */
const TIMEOUT_S = 10

/** The issuer does not answer, or not as an issuer does. */
export class IssuerUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'IssuerUnavailable'
  }
}

/** The issuer answers, and what it answers proves nobody. `message` holds no token. */
export class IssuerRefused extends Error {
  /** It gives nothing any more for the code or refresh token that it was sent. */
  readonly isOver: boolean

  constructor(message: string, isOver = false) {
    super(message)
    this.name = 'IssuerRefused'
    this.isOver = isOver
  }
}

/** What an exchange or a refresh gives. `refreshToken` is null where the issuer gives none. */
export interface Answer {
  readonly claims: Claims
  readonly idToken: string | null
  readonly refreshToken: string | null
}

/** One issuer of OpenID Connect, by openid-client: authorization code with PKCE, state and nonce. */
export class Issuer {
  readonly config: OidcConfig
  readonly #callback: () => string
  #known: Promise<client.Configuration> | null = null

  /** `callback`: where it sends browsers back to, as it knows this gateway. */
  constructor(config: OidcConfig, callback: () => string) {
    this.config = config
    this.#callback = callback
  }

  /** Where the browser goes. Rejects with IssuerUnavailable. */
  async authorizationUrl({ state, nonce, verifier }: Flow): Promise<string> {
    const issuer = await this.#discovered()
    const parameters = {
      redirect_uri: this.#callback(),
      scope: this.config.scopes.join(' '),
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }
    return client.buildAuthorizationUrl(issuer, parameters).href
  }

  /** What the way back is worth: `query` is what the browser came with. Rejects with IssuerRefused or IssuerUnavailable. */
  async exchange(query: string, { state, nonce, verifier }: Flow): Promise<Answer> {
    const issuer = await this.#discovered()
    const back = new URL(this.#callback())
    back.search = query
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true }
    return this.#answered(issuer, () => client.authorizationCodeGrant(issuer, back, checks), null)
  }

  /** What it says now of whom it gave this token. Rejects with IssuerRefused when it gives nothing for it any more. */
  async refresh(refreshToken: string, subject: string): Promise<Answer> {
    const issuer = await this.#discovered()
    const answer = await this.#answered(issuer, () => client.refreshTokenGrant(issuer, refreshToken), subject)
    if (answer.claims['sub'] !== undefined && answer.claims['sub'] !== subject) throw new IssuerRefused('it answers with somebody else’s ID token')
    return { ...answer, refreshToken: answer.refreshToken ?? refreshToken }
  }

  /** Where the browser goes to be signed out there too. Null where the issuer has no such place, or cannot be asked. */
  async endSessionUrl(idToken: string | null, to: string): Promise<string | null> {
    const issuer = await this.#discovered().catch(() => null)
    if (issuer?.serverMetadata().end_session_endpoint === undefined) return null
    return client.buildEndSessionUrl(issuer, { post_logout_redirect_uri: to, ...(idToken === null ? {} : { id_token_hint: idToken }) }).href
  }

  async #answered(
    issuer: client.Configuration,
    ask: () => Promise<client.TokenEndpointResponse & client.TokenEndpointResponseHelpers>,
    subject: string | null,
  ): Promise<Answer> {
    try {
      const tokens = await ask()
      const inToken: Claims = tokens.claims() ?? {}
      const who = textOf(inToken['sub']) ?? subject
      if (who === null) throw new IssuerRefused('it sent no ID token')
      const userinfo: Claims =
        isPartial(inToken, this.config) && issuer.serverMetadata().userinfo_endpoint !== undefined
          ? await client.fetchUserInfo(issuer, tokens.access_token, who)
          : {}
      return { claims: { ...userinfo, ...inToken, sub: who }, idToken: tokens.id_token ?? null, refreshToken: tokens.refresh_token ?? null }
    } catch (error) {
      throw whatFailed(error)
    }
  }

  /** Once; an issuer that did not answer is asked again the next time. */
  #discovered(): Promise<client.Configuration> {
    this.#known ??= this.#discover().catch((error: unknown) => {
      this.#known = null
      throw whatFailed(error)
    })
    return this.#known
  }

  async #discover(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret } = this.config
    const url = new URL(issuer)
    // Signatures of ID tokens are verified, which OpenID Connect leaves open where TLS vouches for the issuer; http is taken by the configuration on the loopback alone.
    const execute = [client.enableNonRepudiationChecks, ...(url.protocol === 'http:' ? [client.allowInsecureRequests] : [])]
    const metadata = { [client.clockTolerance]: CLOCK_TOLERANCE_S }
    return client.discovery(url, clientId, metadata, client.ClientSecretBasic(await readSecret(clientSecret)), { execute, timeout: TIMEOUT_S })
  }
}

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

/** A refusal is one of the issuer, or of what it sent; in its words there may be anything, so only its code goes on. */
function whatFailed(error: unknown): IssuerRefused | IssuerUnavailable {
  if (error instanceof IssuerRefused || error instanceof IssuerUnavailable) return error
  if (error instanceof client.AuthorizationResponseError) return new IssuerRefused(`it refused (${safe(error.error)})`)
  if (error instanceof client.ResponseBodyError)
    return error.status >= 500
      ? new IssuerUnavailable(`it failed (${error.status})`)
      : new IssuerRefused(`it refused (${safe(error.error)})`, error.error === 'invalid_grant')
  if (error instanceof client.ClientError && !isNetwork(error)) return new IssuerRefused(`what it sent proves nobody (${safe(error.code ?? 'invalid')})`)
  return new IssuerUnavailable('the issuer does not answer', { cause: error instanceof Error ? error.name : undefined })
}

/** As openid-client codes what did not come back at all, or came back as no answer of an issuer. */
const isNetwork = ({ code }: client.ClientError) => code === 'OAUTH_TIMEOUT' || code === 'OAUTH_ABORT' || code === 'OAUTH_RESPONSE_IS_NOT_CONFORM'

const safe = (code: string) => (/^\w{1,60}$/.test(code) ? code : 'unnamed')
