import type { Duplex } from 'node:stream'
import { authenticationCleartext, authenticationSasl, authenticationSaslContinue, authenticationSaslFinal } from '@countersign/wire/postgres/encode'
import { ProtocolError } from '@countersign/wire/postgres/error'
import { decodePassword, decodeSaslInitial } from '@countersign/wire/postgres/frontend-message'
import { ScramServer } from '@countersign/wire/postgres/scram-server'
import type { Gate } from '../adapter.ts'
import type { Inbox } from './inbox.ts'
import { ConnectionRefused } from './refuse.ts'
import type { Startup } from './startup.ts'

/** How a client proves its token. In clear only where nobody can listen: the caller sees to that. */
export type Method = 'scram' | 'password'

/**
 * The id of the token that this client proved to have. The proof is bound to this connection and to this user name. What the client is told of it is kept back
 * (`sendNow`): it can do nothing before it hears that the server is ready, and each write wakes it up.
 */
export async function authenticate(
  method: Method,
  startup: Pick<Startup, 'user' | 'channelBinding'>,
  stream: Duplex,
  inbox: Inbox,
  gate: Gate,
): Promise<string> {
  const { user } = startup
  const token = method === 'scram' ? await byScram(startup, stream, inbox, gate) : await byPassword(user, stream, inbox, gate)
  if (token === null) {
    throw new ConnectionRefused(
      '28P01',
      `the token is not valid for user ${JSON.stringify(user)}`,
      'The password is a Countersign token of this very user that has not expired: `countersign token create`.',
    )
  }
  return token
}

async function byScram({ user, channelBinding }: Pick<Startup, 'user' | 'channelBinding'>, stream: Duplex, inbox: Inbox, gate: Gate): Promise<string | null> {
  const { salt, iterations, verifiers } = await gate.verifiers(user)
  const server = new ScramServer({ salt, iterations, channelBinding })
  stream.write(authenticationSasl(server.mechanisms))
  const { mechanism, data } = decodeSaslInitial(await answer(inbox))
  stream.write(authenticationSaslContinue(server.first(mechanism, data ?? new Uint8Array())))
  const match = server.final(await answer(inbox), verifiers)
  if (!match) return null
  stream.cork()
  stream.write(authenticationSaslFinal(match.message))
  return verifiers[match.index]?.token ?? null
}

async function byPassword(user: string, stream: Duplex, inbox: Inbox, gate: Gate): Promise<string | null> {
  stream.write(authenticationCleartext())
  return gate.tokenFor(user, decodePassword(await answer(inbox)))
}

async function answer(inbox: Inbox): Promise<Uint8Array> {
  const message = await inbox.next()
  if (message === null) throw new ProtocolError('unexpected', 'the client left while it was asked for its token')
  if (message.kind !== 'password') throw new ProtocolError('unexpected', `a client that is asked for its token sent a ${message.kind}`)
  return message.body
}
