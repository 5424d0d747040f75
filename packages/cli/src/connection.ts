import { type Client, createClient } from '@countersign/contract/client'
import { CliError } from './error.ts'
import { withAdminSocket } from './local-admin.ts'
import { socketFetch } from './socket.ts'

/** The options of every command that talks to a gateway. */
export interface GatewayOptions {
  readonly data?: string
  readonly config?: string
}

/** Which gateway, and as whom: from the environment. */
export interface Settings {
  readonly url: string
  readonly token: string
}

const DEFAULT_URL = 'http://127.0.0.1:7070'

/** The gateway as the caller sees it: as local administrator with `--data`, else with the token of the environment. */
export async function withClient<T>({ data, config }: GatewayOptions, use: (client: Client) => Promise<T>): Promise<T> {
  if (data === undefined) return use(createClient(settings()))
  return withAdminSocket(data, config, (socket) => use(createClient({ url: 'http://localhost', fetch: socketFetch(socket) })))
}

/** `COUNTERSIGN_GATEWAY` and `COUNTERSIGN_TOKEN`. A token is not sent in clear to another machine. */
export function settings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const url = gatewayUrl(environment['COUNTERSIGN_GATEWAY'] || DEFAULT_URL)
  const token = environment['COUNTERSIGN_TOKEN']?.trim()
  if (!token) {
    throw new CliError(
      'failed',
      'there is no token: COUNTERSIGN_TOKEN is not set',
      "on the gateway's own host `countersign token create --user YOU --data DIR` prints one; set it with `export COUNTERSIGN_TOKEN=…`",
    )
  }
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new CliError('failed', 'COUNTERSIGN_TOKEN holds characters that no token has', 'copy it again, without quotes or line breaks')
  return { url: url.href, token }
}

function gatewayUrl(text: string): URL {
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new CliError('failed', `COUNTERSIGN_GATEWAY is not a web address: ${text}`, `write it as ${DEFAULT_URL}`)
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new CliError('failed', `${url.origin} would carry your token in clear`, 'use the https:// address of the gateway, or a tunnel to its loopback port')
  }
  return url
}

/** True for this machine's own addresses, as a URL or a configuration writes them. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || /^127\.\d+\.\d+\.\d+$/.test(host) || host === '::1' || host === '[::1]'
}
