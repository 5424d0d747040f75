import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { query } from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { allowLogins, type Certificate, makeCertificate, openMiddle, turnTlsOn } from './support/certificates.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient } from './support/wire.ts'

const POLICY = `@id("works") permit (principal, action in [Action::"connect", Action::"sql"], resource);`
const ROLES = `
  CREATE ROLE trusted LOGIN; CREATE ROLE clear LOGIN PASSWORD 'in clear';
  SET password_encryption = 'md5'; CREATE ROLE old LOGIN PASSWORD 'in md5'; RESET password_encryption;
`
const RULES = `
host all trusted 127.0.0.1/32 trust
host all old 127.0.0.1/32 md5
host all clear 127.0.0.1/32 password
`
const HOW = 'SELECT coalesce((SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl), $$in clear$$)'
const as = (username: string, name: string) => ({ credential: { username, password: { env: name } } })

describe('the way from the gateway to its target', () => {
  let stage: Stage
  let certificates: string
  let own: Certificate
  let middle: Awaited<ReturnType<typeof openMiddle>>

  beforeAll(async () => {
    certificates = mkdtempSync(join(tmpdir(), 'countersign-certificates-'))
    own = await makeCertificate(join(certificates, 'target'))
    const stranger = await makeCertificate(join(certificates, 'stranger'))
    middle = await openMiddle(() => stage.target, stranger)
    const ca = own.cert
    stage = await openStage({
      policy: POLICY,
      seed: ROLES,
      env: { OLD: 'in md5', CLEAR: 'in clear', WRONG: 'a wrong one' },
      resources: {
        db: {},
        disable: { tls: { mode: 'disable' } },
        require: { tls: { mode: 'require' } },
        'verify-full': { tls: { mode: 'verify-full', ca } },
        'verify-stranger': { tls: { mode: 'verify-full', ca: stranger.cert } },
        'verify-system': { tls: { mode: 'verify-full' } },
        trust: { credential: { username: 'trusted' } },
        md5: as('old', 'OLD'),
        'clear-in-clear': as('clear', 'CLEAR'),
        'clear-over-tls': { ...as('clear', 'CLEAR'), tls: { mode: 'verify-full', ca } },
        wrong: as('postgres', 'WRONG'),
        'no-password': { credential: { username: 'postgres' } },
        'in-between': { url: `postgres://127.0.0.1:${middle.port}/postgres`, tls: { mode: 'require' } },
        unreachable: { url: 'postgres://127.0.0.1:1/postgres' },
      },
    })
    await allowLogins(stage, RULES)
  })

  afterAll(async () => {
    await stage?.close()
    middle?.close()
    rmSync(certificates, { recursive: true, force: true })
  })

  const connected = async (resource: string) => {
    const client = await RawClient.login(stage.gateway.postgres, stage.alice, resource)
    const row = (await client.ask(query(HOW))).find((each) => each.startsWith('row '))
    client.close()
    return row?.slice(4)
  }

  it('is never downgraded: a server without TLS is an error where TLS was asked for', async () => {
    for (const resource of ['require', 'verify-full', 'verify-system'])
      await expect(connected(resource)).rejects.toThrow(new RegExp(`error 08001 ${resource} does not speak TLS, and its configuration says tls.mode`))
    expect(await connected('disable')).toBe('in clear')
  })

  it('is TLS as configured, and proves who the server is where it should', async () => {
    await turnTlsOn(stage, own)
    expect(await connected('disable')).toBe('in clear')
    expect(await connected('require')).toBe('TLSv1.3')
    expect(await connected('verify-full')).toBe('TLSv1.3')
    for (const resource of ['verify-stranger', 'verify-system'])
      await expect(connected(resource)).rejects.toThrow(new RegExp(`error 08006 ${resource} failed its TLS check`))
  })

  it('binds its login by SCRAM to the channel, so that nobody logs in for it in between, unverified certificate or not', async () => {
    await expect(connected('in-between')).rejects.toThrow(/error 28\w+ in-between refused the gateway: SCRAM channel binding check failed/)
  })

  it.each(['db', 'trust', 'md5'])('logs in by SCRAM, trust and MD5: %s', async (resource) => {
    expect(await connected(resource)).toBe('in clear')
  })

  it('gives a password in clear inside TLS, and nowhere else', async () => {
    expect(await connected('clear-over-tls')).toBe('TLSv1.3')
    await expect(connected('clear-in-clear')).rejects.toThrow(
      /error 08001 clear-in-clear asks for its password in clear, over a connection that is not encrypted/,
    )
  })

  it.each([
    ['wrong', /error 28P01 wrong refused the gateway: password authentication failed for user "postgres"/],
    ['no-password', /error 08001 no-password asks for a password, and its configuration has none/],
    ['unreachable', /error 08006 unreachable cannot be reached: .*ECONNREFUSED/],
  ])('says clearly what is wrong: %s', async (resource, pattern) => {
    await expect(connected(resource)).rejects.toThrow(pattern)
  })

  it('shows no secret in the log, and leaves nothing behind', async () => {
    expect(await leftovers(stage)).toEqual([])
    for (const secret of ['in md5', 'a wrong one', stage.target.password, stage.alice.token]) expect(stage.gateway.log()).not.toContain(secret)
  })
})
