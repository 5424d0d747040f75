import { cancelRequest, sslRequest, startup } from '@countersign/wire/postgres/encode'
import { GSSENC_REQUEST } from '@countersign/wire/postgres/startup'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient, tell } from './support/wire.ts'

const POLICY = `@id("reads") permit (principal, action in [Action::"connect", Action::"sql:read"], resource);`
const HANDSHAKE_MS = 15_000

const int32 = (...values: readonly number[]) => Buffer.concat(values.map((value) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value])))
const refused = (pattern: RegExp) => expect.stringMatching(pattern) as string

describe('the first packets of a client', () => {
  let stage: Stage
  /** They stall from the beginning, so that the deadline has nearly passed when they are asked for. */
  let stalling: { readonly what: string; readonly client: RawClient; readonly since: number }[]

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
    stalling = [
      { what: 'silence', packet: Buffer.alloc(0) },
      { what: 'half a packet', packet: int32(100) },
      { what: 'no TLS after all', packet: sslRequest() },
      { what: 'no token', packet: startup(0, [['user', stage.alice.user]]) },
    ].map(({ what, packet }) => {
      const client = new RawClient(stage.gateway.postgres)
      client.send(packet)
      return { what, client, since: Date.now() }
    })
  })

  afterAll(() => stage?.close())

  const say = async (...packets: readonly Uint8Array[]) => {
    const client = new RawClient(stage.gateway.postgres)
    client.send(...packets)
    const answers = await client.last()
    client.close()
    return answers
  }
  const knock = (...parameters: [string, string][]) => say(startup(0, [['user', stage.alice.user], ['database', 'db'], ...parameters]))
  const login = async (user: string, token: string, database = 'db', parameters: [string, string][] = []) => {
    const client = await RawClient.login(stage.gateway.postgres, { user, token }, database, parameters)
    client.close()
  }

  it.each([
    ['garbage', Buffer.from('\x00\x01\x02\x03\xff\xff\xff\xff', 'latin1'), /^error 08P01 /],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), /looks? like HTTP/],
    ['SSH', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'), /like SSH/],
    ['a length of 2 GiB', int32(0x7fffffff, 196_608), /announces 2147483647 bytes/],
    ['a negative length', int32(-1, 196_608), /announces -1 bytes/],
    ['the smallest length there is', int32(-(2 ** 31), 196_608), /announces -2147483648 bytes/],
    ['a length too short', int32(7), /announces 7 bytes/],
    ['protocol 2', int32(8, 2 << 16), /protocol 2\.0/],
    [
      'a parameter twice',
      startup(0, [
        ['user', 'a'],
        ['user', 'b'],
      ]),
      /twice/,
    ],
    ['no user', startup(0, [['database', 'db']]), /names no user/],
  ])('are refused when they are %s', async (_, packet, pattern) => {
    const answers = await say(packet)
    expect(answers).toEqual([refused(pattern)])
    expect(answers[0]).toMatch(/^error (08P01|28000) /)
  })

  it('are refused when a query came in clear behind SSLRequest', async () => {
    expect(await say(sslRequest(), startup(0, [['user', 'alice@example.com']]))).toEqual([refused(/^error 08P01 bytes came behind/)])
  })

  it('are answered N to GSSENCRequest, and go on', async () => {
    const client = new RawClient(stage.gateway.postgres)
    client.send(int32(8, GSSENC_REQUEST))
    expect(await client.byte()).toBe('N')
    client.send(
      startup(0, [
        ['user', stage.alice.user],
        ['database', 'db'],
      ]),
    )
    await client.authenticate(stage.alice.token)
    expect((await client.until(0x5a)).map(tell).at(-1)).toBe('ready I')
    client.close()
  })

  it('of a cancel request with a wrong key are answered by closing', async () => {
    expect(await say(cancelRequest(1, Buffer.from([1, 2, 3, 4])))).toEqual([])
  })

  it.each([
    ['search_path', 'evil'],
    ['session_authorization', 'postgres'],
    ['role', 'postgres'],
    ['Search_Path', 'evil'],
    ['local_preload_libraries', 'x'],
    ['options', '-c search_path=evil'],
    ['options', '-csearch_path=evil'],
    ['options', '--search-path=evil'],
    ['options', '-c application_name=a\\ b -c search_path=evil'],
    ['replication', 'database'],
    ['replication', 'true'],
  ])('may not set %s to %s', async (name, value) => {
    expect(await knock([name, value])).toEqual([refused(/^error 42501 the startup parameter .* is not allowed here/)])
  })

  it('with options that are not understood are refused', async () => {
    expect(await knock(['options', '-d 5'])).toEqual([refused(/^error 42601 the option "-d" is not understood/)])
  })

  it('may set what is harmless, in options as well, and never the name that the target sees', async () => {
    const client = await RawClient.login(stage.gateway.postgres, stage.alice, 'db', [
      ['application_name', 'mine'],
      ['Application_Name', 'mine'],
      ['options', '-c statement_timeout=12345 --TimeZone=Asia/Tokyo -c countersign.reason=INC-7'],
    ])
    const [told] = await stage.ask("SELECT application_name FROM pg_stat_activity WHERE application_name <> '' AND pid <> pg_backend_pid()")
    expect(told).toMatch(/^countersign:alice@example.com:ses-/)
    client.close()
  })

  it.each([
    ['a wrong token', async () => ({ user: stage.alice.user, token: 'cs_wrong' })],
    ["another user's name", async () => ({ user: stage.bob.user, token: stage.alice.token })],
    ['a name that nobody has', async () => ({ user: 'nobody@example.com', token: stage.alice.token })],
    [
      'an expired token',
      async () => {
        const token = await stage.gateway.token(stage.alice.user, { for: '1s' })
        await sleep(1_200)
        return { user: stage.alice.user, token }
      },
    ],
  ])('with %s are refused in the same words', async (_, of) => {
    const { user, token } = await of()
    await expect(login(user, token)).rejects.toThrow(`error 28P01 the token is not valid for user ${JSON.stringify(user)}`)
  })

  it('for a resource that is not there are refused after the token was proved', async () => {
    await expect(login(stage.alice.user, stage.alice.token, 'nowhere')).rejects.toThrow(/error 42501 there is no resource nowhere/)
    await expect(login(stage.alice.user, 'cs_wrong', 'nowhere')).rejects.toThrow(/error 28P01/)
    await expect(login(stage.alice.user, stage.alice.token, 'db/nowhere')).rejects.toThrow(/error 3D000 .*database "nowhere" does not exist/)
  })

  it('that stall are told so and hung up on within the deadline', async () => {
    for (const { what, client, since } of stalling) {
      while (await client.silent(100)) if (Date.now() - since > HANDSHAKE_MS + 3_000) throw new Error(`${what}: nothing happened`)
      client.socket.resume()
      await expect.poll(() => client.socket.closed, { timeout: 4_000 }).toBe(true)
    }
    expect(stage.gateway.log().split('did not log in within 15 s').length - 1).toBeGreaterThanOrEqual(3)
  })

  it('leave nothing behind', async () => {
    expect(await leftovers(stage)).toEqual([])
  })
})
