import type { Command } from 'commander'
import { createClient } from '@countersign/contract/client'
import { ClientError } from '@countersign/contract/client-error'
import { visible } from '@countersign/contract/visible'
import { define, perform } from '../command.ts'
import { chosenUrl } from '../connection.ts'
import { EXIT } from '../error.ts'
import { forgetLogin, readLogins } from '../logins.ts'

/** Revokes the token of `countersign login`, and forgets it. What cannot be revoked now is kept, so that it can be later. */
export function addLogout(program: Command): void {
  define(program, 'logout', 'End the sign-in of this machine: its token is revoked and forgotten', ['countersign logout'])
    .option('--gateway <url>', "the gateway's address (default: as for login)")
    .action(
      perform(async (out, { gateway }: { readonly gateway?: string }) => {
        const url = chosenUrl(gateway)
        const login = readLogins(process.env).gateways[url]
        if (login) {
          await revoke(url, login)
          forgetLogin(process.env, url)
        }
        const ended = { gateway: url, user: login?.user ?? null }
        if (out.json) out.data(ended)
        else out.line(visible(login ? `signed out of ${url}` : `you were not signed in to ${url}`))
        return EXIT.ok
      }),
    )
}

async function revoke(url: string, { token, id }: { readonly token: string; readonly id: string }): Promise<void> {
  try {
    await createClient({ url, token }).revokeToken({ id })
  } catch (error) {
    const isOver = error instanceof ClientError && error.problem?.code === 'unauthenticated'
    if (!isOver) throw error
  }
}
