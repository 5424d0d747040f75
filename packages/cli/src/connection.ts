import { type Client, createClient } from '@countersign/contract/client'
import { CliError } from './error.ts'
import { withAdminSocket } from './local-admin.ts'
import { readLogins } from './logins.ts'
import { socketFetch } from './socket.ts'

/** The options of every command that talks to a gateway. */
export interface GatewayOptions {
  readonly data?: string
  readonly config?: string
}

/** Which gateway, and as whom: from the environment, or from `countersign login`. */
export interface Settings {
  readonly url: string
  readonly token: string
}

const DEFAULT_URL = 'http://127.0.0.1:7070'

/** The gateway as the caller sees it: as local administrator with `--data`, else with the token of the environment or of `countersign login`. */
export async function withClient<T>({ data, config }: GatewayOptions, use: (client: Client) => Promise<T>): Promise<T> {
  if (data === undefined) return use(createClient(settings()))
  return withAdminSocket(data, config, (socket) => use(createClient({ url: 'http://localhost', fetch: socketFetch(socket) })))
}

/** `COUNTERSIGN_GATEWAY` and `COUNTERSIGN_TOKEN`; what is not there is what `countersign login` kept. A token is not sent in clear to another machine. */
export function settings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const given = environment['COUNTERSIGN_TOKEN']?.trim()
  const url = chosenUrl(undefined, environment)
  const token = given || loginAt(url, environment)
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new CliError('failed', 'COUNTERSIGN_TOKEN holds characters that no token has', 'copy it again, without quotes or line breaks')
  return { url, token }
}

/** `said`, else the gateway of the environment, else the one that was signed in to last, else the one on this machine. */
export function chosenUrl(said: string | undefined, environment: NodeJS.ProcessEnv = process.env): string {
  const named = said ?? (environment['COUNTERSIGN_GATEWAY'] || undefined)
  if (named !== undefined) return gatewayUrl(named).href
  return gatewayUrl((environment['COUNTERSIGN_TOKEN'] ? null : readLogins(environment).current) ?? DEFAULT_URL).href
}

function loginAt(url: string, environment: NodeJS.ProcessEnv): string {
  const { [url]: login } = readLogins(environment).gateways
  if (login !== undefined && Date.now() < Date.parse(login.expiresAt)) return login.token
  throw new CliError(
    'failed',
    login === undefined ? `you are not signed in to ${url}, and COUNTERSIGN_TOKEN is not set` : `your sign-in to ${url} has ended`,
    "run `countersign login`; on the gateway's own host `countersign token create --user YOU --data DIR` prints a token for COUNTERSIGN_TOKEN",
  )
}

function gatewayUrl(text: string): URL {
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new CliError('failed', `the gateway's address is not a web address: ${text}`, `write it as ${DEFAULT_URL}`)
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new CliError('failed', `${url.origin} would carry your token in clear`, 'use the https:// address of the gateway, or a tunnel to its loopback port')
  }
  return url
}

/** True for this machine's own addresses, as a URL or a configuration writes them. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || /^127\.\d+\.\d+\.\d+$/.test(host) || host === '::1' || host === '[::1]'
}
