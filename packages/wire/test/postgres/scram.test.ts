import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProtocolError } from '../../src/postgres/error.ts'
import { MAX_ITERATIONS, ScramClient, type ScramClientInput } from '../../src/postgres/scram-client.ts'
import { ScramServer, type ScramServerInput } from '../../src/postgres/scram-server.ts'
import { BINDING, makeVerifier, SCRAM, SCRAM_PLUS } from '../../src/postgres/scram.ts'
import { bytes, RUNS, text } from './arbitraries.ts'

const SALT = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
const CERTIFICATE = Uint8Array.of(1, 2, 3)
const ascii = (text: string) => new Uint8Array(Buffer.from(text))
const shown = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString()

const newServer = (changes: Partial<ScramServerInput> = {}) => new ScramServer({ salt: SALT, iterations: 2, channelBinding: null, ...changes })
const newClient = (changes: Partial<ScramClientInput> = {}) => new ScramClient({ password: 'pencil', mechanisms: [SCRAM], channelBinding: null, ...changes })

/** Both sides to the end; which candidate matched, or null. */
async function login(client: ScramClient, server: ScramServer, passwords: readonly string[]): Promise<number | null> {
  const candidates = await Promise.all(passwords.map((password) => makeVerifier(password, SALT, 2)))
  const match = server.final(await client.answer(server.first(client.mechanism, client.first())), candidates)
  if (match !== null) client.verify(match.message)
  return match?.index ?? null
}

describe('a login', () => {
  test('finds the token among all of the user, and convinces the client', async () => {
    const tokens = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(tokens, fc.nat(), async (tokens, pick) => {
        const index = pick % tokens.length
        const client = newClient({ password: tokens[index] ?? '' })
        expect(await login(client, newServer(), tokens)).toBe(index)
        expect(client.verified).toBe(true)
      }),
      RUNS,
    )
  })

  test('with any other password, or with no live token, matches nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (password) => {
        fc.pre(password !== 'pencil')
        expect(await login(newClient({ password }), newServer(), ['pencil'])).toBeNull()
        expect(await login(newClient(), newServer(), [])).toBeNull()
      }),
      RUNS,
    )
  })

  test('says what RFC 7677 section 3 says, byte for byte', async () => {
    const client = newClient({ nonce: 'rOprNGfwEbeRWgbNEkqO', user: 'user' })
    const server = newServer({ iterations: 4096, nonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0' })
    expect(shown(client.first())).toBe('n,,n=user,r=rOprNGfwEbeRWgbNEkqO')
    const challenge = server.first(SCRAM, client.first())
    expect(shown(challenge)).toBe('r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096')
    const answer = await client.answer(challenge)
    expect(shown(answer)).toBe('c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=')
    const match = server.final(answer, [await makeVerifier('pencil', SALT, 4096)])
    expect(shown(match?.message)).toBe('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')
  })

  test('never uses the same nonce twice', () => {
    expect(shown(newClient().first())).not.toBe(shown(newClient().first()))
    expect(shown(newServer().first(SCRAM, ascii('n,,n=,r=abc')))).not.toBe(shown(newServer().first(SCRAM, ascii('n,,n=,r=abc'))))
  })
})

describe('channel binding', () => {
  test('is used when both sides have the certificate', async () => {
    const client = newClient({ mechanisms: [SCRAM_PLUS, SCRAM], channelBinding: CERTIFICATE })
    expect(client.mechanism).toBe(SCRAM_PLUS)
    expect(await login(client, newServer({ channelBinding: CERTIFICATE }), ['pencil'])).toBe(0)
  })

  test('with another certificate is refused: somebody ends TLS in between', async () => {
    const client = newClient({ mechanisms: [SCRAM_PLUS, SCRAM], channelBinding: Uint8Array.of(9) })
    await expect(login(client, newServer({ channelBinding: CERTIFICATE }), ['pencil'])).rejects.toThrow(/other end/)
  })

  test('taken out of the offer is noticed', async () => {
    const client = newClient({ mechanisms: [SCRAM], channelBinding: CERTIFICATE })
    await expect(login(client, newServer({ channelBinding: CERTIFICATE }), ['pencil'])).rejects.toThrow(/took the offer out/)
  })

  test('that the server never had is no obstacle', async () => {
    expect(await login(newClient({ channelBinding: CERTIFICATE }), newServer(), ['pencil'])).toBe(0)
  })

  test('is the client’s choice when it has none', async () => {
    expect(await login(newClient({ mechanisms: [SCRAM_PLUS, SCRAM] }), newServer({ channelBinding: CERTIFICATE }), ['pencil'])).toBe(0)
  })
})

describe('a hostile client is refused', () => {
  test('whatever bytes it sends, with ProtocolError or no match', async () => {
    const candidates = [await makeVerifier('pencil', SALT, 2)]
    fc.assert(
      fc.property(fc.oneof(bytes(), text.map(ascii)), fc.oneof(bytes(), text.map(ascii)), (first, final) => {
        const server = newServer()
        expect(() => server.first(SCRAM, first)).toThrow(ProtocolError)
        server.first(SCRAM, ascii('n,,n=,r=abc'))
        expect(() => server.final(final, candidates)).toThrow(ProtocolError)
      }),
      RUNS,
    )
  })

  test.each([
    ['act as somebody else', SCRAM, 'n,a=root,n=,r=abc', /authzid/],
    ['ask for a mandatory extension', SCRAM, 'n,,m=x,n=,r=abc', /extension/],
    ['bind without the certificate', SCRAM_PLUS, `p=${BINDING},,n=,r=abc`, /offered were SCRAM-SHA-256$/],
    ['bind in a mechanism that does not', SCRAM, `p=${BINDING},,n=,r=abc`, /does not go with/],
    ['bind to what is not spoken', SCRAM, 'p=tls-unique,,n=,r=abc', /flag is neither/],
    ['use an unknown mechanism', 'SCRAM-SHA-1', 'n,,n=,r=abc', /the client chose/],
    ['leave out the nonce', SCRAM, 'n,,n=,r=', /nonce/],
    ['leave out the header', SCRAM, 'n=,r=abc', /header/],
    ['put a space into the nonce', SCRAM, 'n,,n=,r=a b', /nonce/],
    ['send a kilobyte and more', SCRAM, `n,,n=,r=${'a'.repeat(1024)}`, /at most 1024/],
  ])('when it tries to %s', (_, mechanism, message, why) => {
    expect(() => newServer().first(mechanism, ascii(message))).toThrow(why)
  })

  test.each([
    ['another nonce', 'c=biws,r=abcX,p=', /another nonce/],
    ['another binding', 'c=eSws,r=abcsrv,p=', /channel binding failed/],
    ['no proof', 'c=biws,r=abcsrv', /no proof/],
    ['a short proof', 'c=biws,r=abcsrv,p=AAAA', /32 bytes/],
    ['a proof that is not base64', `c=biws,r=abcsrv,p=${'*'.repeat(44)}`, /base64/],
  ])('when its last message has %s', (_, message, why) => {
    const server = newServer({ nonce: 'srv' })
    server.first(SCRAM, ascii('n,,n=,r=abc'))
    expect(() => server.final(ascii(message), [])).toThrow(why)
  })

  test('when it tries a second proof in one exchange, or skips the first step', async () => {
    const client = newClient({ password: 'wrong' })
    const server = newServer()
    expect(() => server.final(ascii('c=biws'), [])).toThrow(/before it began/)
    const answer = await client.answer(server.first(SCRAM, client.first()))
    expect(server.final(answer, [])).toBeNull()
    expect(() => server.final(answer, [])).toThrow(/before it began/)
  })
})

describe('a hostile server is refused', () => {
  test('whatever bytes it sends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(bytes(), text.map(ascii)), async (message) => {
        await expect(newClient().answer(message)).rejects.toThrow(ProtocolError)
        expect(() => newClient().verify(message)).toThrow(ProtocolError)
      }),
      RUNS,
    )
  })

  test.each([
    ['gives our own nonce back', 'r=abc,s=AAAA,i=4096', /old answer/],
    ['gives another nonce', 'r=xyzsrv,s=AAAA,i=4096', /old answer/],
    ['asks for more iterations than are bearable', `r=abcsrv,s=AAAA,i=${MAX_ITERATIONS + 1}`, /iterations/],
    ['asks for more iterations than fit a number', 'r=abcsrv,s=AAAA,i=99999999999', /malformed/],
    ['asks for no iterations', 'r=abcsrv,s=AAAA,i=0', /malformed/],
    ['gives a salt that is not base64', 'r=abcsrv,s=A*,i=4096', /malformed/],
    ['asks for a mandatory extension', 'm=x,r=abcsrv,s=AAAA,i=4096', /malformed/],
  ])('when it %s', async (_, message, why) => {
    await expect(newClient({ nonce: 'abc' }).answer(ascii(message))).rejects.toThrow(why)
  })

  test.each(['v=AAAA', `v=${Buffer.alloc(32).toString('base64')}`, 'e=other-error', ''])('when it ends with %j instead of its signature', async (final) => {
    const client = newClient({ nonce: 'abc' })
    await client.answer(ascii('r=abcsrv,s=AAAA,i=2'))
    expect(() => client.verify(ascii(final))).toThrow(/did not prove/)
    expect(client.verified).toBe(false)
  })

  test('when it offers nothing that is spoken here', () => {
    expect(() => newClient({ mechanisms: ['SCRAM-SHA-1'] })).toThrow(/only SCRAM-SHA-256/)
    expect(() => newClient({ mechanisms: [SCRAM_PLUS] })).toThrow(/only SCRAM-SHA-256/)
  })
})
