import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { password, sslRequest, startup } from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { makeCertificate, openMiddle } from './support/certificates.ts'
import { psql } from './support/psql.ts'
import { lacks } from './support/needs.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient, tell } from './support/wire.ts'

const POLICY = `@id("works") permit (principal, action in [Action::"connect", Action::"sql"], resource);`

describe.skipIf(lacks('psql')).each(['scram', 'password'] as const)('psql to the gateway, with session.auth: %s', (auth) => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, session: { auth } })
  })

  afterAll(() => stage?.close())

  const certificate = () => join(stage.gateway.data, 'tls', 'cert.pem')
  const run = async (env: Record<string, string>, token = stage.alice.token) => {
    const session = stage.alice.psql('db', [], { ...env, PGPASSWORD: token })
    session.type('\\conninfo')
    return session.quit()
  }

  it.each([
    ['disable', {}, /^(?!.*(SSL|TLS)).*connected/i],
    ['prefer', {}, /TLSv1\.3/],
    ['require', {}, /TLSv1\.3/],
    ['verify-ca', { PGSSLROOTCERT: certificate }, /TLSv1\.3/],
    ['verify-full', { PGSSLROOTCERT: certificate }, /TLSv1\.3/],
  ] as const)('works with sslmode=%s', async (mode, more: { PGSSLROOTCERT?: () => string }, pattern) => {
    const { code, stdout, stderr } = await run({ PGSSLMODE: mode, ...(more.PGSSLROOTCERT ? { PGSSLROOTCERT: more.PGSSLROOTCERT() } : {}) })
    expect(stderr).toBe('')
    expect(stdout).toMatch(pattern)
    expect(code).toBe(0)
  })

  it('can bind the login to its TLS connection where that is SCRAM', async () => {
    const { code, stdout, stderr } = await run({ PGSSLMODE: 'require', PGCHANNELBINDING: 'require' })
    expect(auth === 'scram' ? stdout : stderr).toMatch(auth === 'scram' ? /TLSv1\.3/ : /channel binding required/)
    expect(code).toBe(auth === 'scram' ? 0 : 2)
    const without = await run({ PGSSLMODE: 'require', PGCHANNELBINDING: 'disable' })
    expect(without.code).toBe(0)
  })

  it.runIf(auth === 'scram')('binds it so that nobody in between can log in for the client', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-middle-'))
    const middle = await openMiddle(() => stage.gateway.postgres, await makeCertificate(folder))
    const session = psql({ postgres: middle }, stage.alice.user, stage.alice.token, 'db', [], { PGSSLMODE: 'require' })
    const { code, stderr } = await session.quit()
    expect(stderr).toMatch(/channel binding failed: the client is not at the other end of this TLS connection/)
    expect(code).toBe(2)
    middle.close()
    rmSync(folder, { recursive: true })
  })

  it('is refused by a client that trusts others only', async () => {
    const { code, stderr } = await run({ PGSSLMODE: 'verify-full', PGSSLROOTCERT: 'system' })
    expect(code).toBe(2)
    expect(stderr).toMatch(/certificate|root/)
  })

  it.each(['disable', 'require'])('tells a wrong token so with sslmode=%s, every time', async (PGSSLMODE) => {
    for (let time = 0; time < 5; time++) {
      const { code, stderr } = await run({ PGSSLMODE }, 'cs_wrong')
      expect(stderr).toContain('FATAL:  the token is not valid for user "alice@example.com"')
      expect(code).toBe(2)
    }
  })

  it('asks for the token as configured', async () => {
    const client = new RawClient(stage.gateway.postgres)
    client.send(
      startup(0, [
        ['user', stage.alice.user],
        ['database', 'db'],
      ]),
    )
    const asked = await client.next()
    expect(Buffer.from(asked?.body ?? []).readInt32BE(0)).toBe(auth === 'scram' ? 10 : 3)
    client.close()
  })

  it.runIf(auth === 'password')('takes no token of another user, and none that is wrong', async () => {
    for (const [user, token] of [
      [stage.bob.user, stage.alice.token],
      [stage.alice.user, ''],
    ] as const) {
      const client = new RawClient(stage.gateway.postgres)
      client.send(
        startup(0, [
          ['user', user],
          ['database', 'db'],
        ]),
      )
      await client.next()
      client.send(password(token))
      expect((await client.last()).join()).toMatch(/^error 28P01 /)
      client.close()
    }
  })

  it('says inside TLS what is wrong with a startup packet', async () => {
    const raw = new RawClient(stage.gateway.postgres)
    raw.send(sslRequest())
    expect(await raw.byte()).toBe('S')
    raw.socket.removeAllListeners('data')
    const secure = connectTls({ socket: raw.socket, ca: readFileSync(certificate()), host: '127.0.0.1' })
    secure.write(
      startup(0, [
        ['user', 'a'],
        ['search_path', 'evil'],
      ]),
    )
    const chunks: Buffer[] = []
    for await (const chunk of secure as AsyncIterable<Buffer>) chunks.push(chunk)
    const answer = Buffer.concat(chunks)
    expect(tell({ code: answer[0] ?? 0, body: answer.subarray(5) })).toMatch(/^error 42501 the startup parameter "search_path"/)
  })

  it('leaves nothing behind', async () => {
    expect(await leftovers(stage)).toEqual([])
  })
})
