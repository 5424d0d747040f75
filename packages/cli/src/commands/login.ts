import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { type Client, createClient } from '@countersign/contract/client'
import { ClientError } from '@countersign/contract/client-error'
import type { DeviceCode } from '@countersign/contract/schemas/device'
import type { CreatedToken } from '@countersign/contract/schemas/token'
import { visible } from '@countersign/contract/visible'
import { define, perform } from '../command.ts'
import { chosenUrl } from '../connection.ts'
import { CliError, EXIT } from '../error.ts'
import { moment } from '../format.ts'
import { keepLogin, loginsFile, readLogins } from '../logins.ts'
import type { Output } from '../output.ts'
import { waiting } from '../waiting.ts'

interface LoginOptions {
  readonly gateway?: string
  readonly name?: string
}

/** Signs in by device code (RFC 8628): somebody who is signed in on the web confirms it there. The token is kept in a file, and never printed. */
export function addLogin(program: Command): void {
  define(program, 'login', 'Sign in: confirm a code on the web', ['countersign login', 'countersign login --gateway https://cs.example.com'])
    .option('--gateway <url>', "the gateway's address (default: COUNTERSIGN_GATEWAY, else the last one, else http://127.0.0.1:7070)")
    .option('--name <name>', 'what your token is called (default: the name of this machine)')
    .action(
      perform(async (out, { gateway, name }: LoginOptions) => {
        const url = chosenUrl(gateway)
        const before = readLogins(process.env).gateways[url]
        const client = createClient({ url })
        const code = await client.device({ client: 'countersign', host: name ?? hostname() })
        const { token, id, user, expiresAt } = await confirmed(client, code, out)
        keepLogin(process.env, url, { token, id, user, expiresAt })
        if (before) await revokeQuietly(createClient({ url, token: before.token }), before.id)
        if (out.json) out.data({ gateway: url, user, id, expiresAt })
        else out.line(visible(`signed in to ${url} as ${user}, until ${moment(expiresAt)}`))
        if (process.env['COUNTERSIGN_TOKEN']) out.note('COUNTERSIGN_TOKEN is set, and is used instead: unset it')
        out.note(`kept in ${loginsFile(process.env)}; end it with: countersign logout`)
        return EXIT.ok
      }),
    )
}

async function confirmed(client: Client, code: DeviceCode, out: Output): Promise<CreatedToken> {
  out.note(`Open ${code.link} and enter this code: ${code.userCode}\n  or open ${code.linkWithCode}`)
  const shown = waiting(`waiting for you to confirm ${code.userCode}, until ${moment(code.expiresAt)}`)
  try {
    return await poll(client, code)
  } finally {
    shown.stop()
  }
}

/** As RFC 8628 section 3.5 says: no faster than it was told, slower when it is told so, and on through what passes. */
async function poll(client: Client, { deviceCode, intervalMs, expiresAt }: DeviceCode): Promise<CreatedToken> {
  for (let pause = intervalMs; Date.now() < Date.parse(expiresAt) + pause;) {
    await sleep(pause)
    try {
      return await client.deviceToken({ deviceCode })
    } catch (error) {
      pause += slower(error)
    }
  }
  throw new CliError('failed', 'nobody has confirmed it in time', 'run `countersign login` again')
}

/** By how much to slow down; throws what does not pass. */
function slower(error: unknown): number {
  if (!(error instanceof ClientError)) throw error
  if (error.code === 'unreachable') return 5_000
  switch (error.problem?.code ?? '') {
    case 'authorization-pending':
    case 'unavailable':
      return 0
    case 'slow-down':
      return 5_000
    case 'access-denied':
      throw new CliError('denied', 'it was refused on the web', 'run `countersign login` again if that was a mistake')
    default:
      throw error
  }
}

/** The token that was kept before is of no use to anybody; it may have ended already. */
async function revokeQuietly(client: Client, id: string): Promise<void> {
  await client.revokeToken({ id }).catch((error: unknown) => {
    if (!(error instanceof ClientError)) throw error
  })
}
