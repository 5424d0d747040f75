import { ProtocolError } from '@countersign/wire/postgres/error'
import { decodePassword, decodeSaslInitial } from '@countersign/wire/postgres/frontend-message'
import { SCRAM, SCRAM_PLUS } from '@countersign/wire/postgres/scram'
import { ScramClient } from '@countersign/wire/postgres/scram-client'
import { ScramServer } from '@countersign/wire/postgres/scram-server'
import { Finding, type Target } from '../fuzzer.ts'

const SALT = new Uint8Array(16).fill(7)
const BINDING = new Uint8Array(32).fill(9)
const VERIFIER = { storedKey: new Uint8Array(32).fill(1), serverKey: new Uint8Array(32).fill(2) }
/** What separates the messages of an input: no SCRAM message holds it. */
const NEXT = 0

const seed = (...messages: readonly string[]): Uint8Array => Uint8Array.from(Buffer.from(messages.join('\0')))

/** A client that does not know the password: whatever it says, nobody is let in. */
export const scramServer: Target = {
  name: 'postgres: SCRAM from a client',
  seeds: [
    seed('n,,n=,r=fyko', `c=biws,r=fykoNONCE,p=${'A'.repeat(43)}=`),
    seed('y,,n=,r=fyko', `c=eSws,r=fykoNONCE,p=${'A'.repeat(43)}=`),
    seed('p=tls-server-end-point,,n=,r=fyko', `c=cD10bHMtc2VydmVyLWVuZC1wb2ludCws,r=fykoNONCE,p=${'A'.repeat(43)}=`),
    seed('n,a=admin,n=,r=fyko', 'c=biws,r=fyko'),
    seed('n,,m=x,n=,r=fyko', 'c=biws,r=fykoNONCE,x=1,p=AA=='),
  ],
  attempt(input, random) {
    const [first = input, final = input] = split(input)
    const plus = random.below(2) === 0
    return refusedOr(() => {
      decodeAll(first)
      const server = new ScramServer({ salt: SALT, iterations: 4096, channelBinding: plus ? BINDING : null, nonce: 'NONCE' })
      server.first(plus && random.below(2) === 0 ? SCRAM_PLUS : SCRAM, first)
      if (server.final(final, [VERIFIER]) !== null) throw new Finding('somebody without the password was let in')
    })
  },
}

/** A server that does not know the password: the client never believes it. */
export const scramClient: Target = {
  name: 'postgres: SCRAM from a server',
  seeds: [
    seed('r=oursNONCE,s=BwcHBwcHBwcHBwcHBwcHBw==,i=1', `v=${'A'.repeat(43)}=`),
    seed('r=oursNONCE,s=BwcHBwcHBwcHBwcHBwcHBw==,i=100001', 'v=AAAA'),
    seed('r=other,s=AA==,i=1', 'e=other-error'),
    seed('m=ext,r=oursNONCE,s=BwcHBw==,i=1', 'v='),
  ],
  async attempt(input) {
    const [challenge = input, proof = input] = split(input)
    const client = new ScramClient({ password: 'secret', mechanisms: [SCRAM], channelBinding: null, nonce: 'ours' })
    try {
      if (isCheap(challenge)) await client.answer(challenge)
      client.verify(proof)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
    }
    if (client.verified) throw new Finding('a server without the password was believed')
    return 2
  },
}

/** The key is derived as often as the server says, up to a limit that has its own test: a fuzzer would wait for nothing else. */
function isCheap(challenge: Uint8Array): boolean {
  const iterations = /,i=(\d+)/.exec(Buffer.from(challenge).toString('latin1'))?.[1]
  return iterations === undefined || Number(iterations) < 64 || Number(iterations) > 100_000
}

function refusedOr(run: () => void): number {
  try {
    run()
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
  }
  return 2
}

function decodeAll(body: Uint8Array): void {
  for (const decode of [decodePassword, decodeSaslInitial]) refusedOr(() => void decode(body))
}

function split(input: Uint8Array): readonly [Uint8Array, Uint8Array] | readonly [] {
  const at = input.indexOf(NEXT)
  return at === -1 ? [] : [input.subarray(0, at), input.subarray(at + 1)]
}
