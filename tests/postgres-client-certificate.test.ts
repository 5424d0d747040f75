import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { query } from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { allowLogins, type Certificate, makeCertificate, turnTlsOn } from './support/certificates.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient } from './support/wire.ts'

const POLICY = `@id("works") permit (principal, action in [Action::"connect", Action::"sql"], resource);`
const RULES = `
hostssl all certified 127.0.0.1/32 cert
hostssl all twice 127.0.0.1/32 scram-sha-256 clientcert=verify-full
`

describe.each([18, 15] as const)('a target of PostgreSQL %i that asks the gateway for a certificate', (version) => {
  let stage: Stage
  let folder: string
  let server: Certificate

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-certificates-'))
    server = await makeCertificate(join(folder, 'server'))
    const certified = await makeCertificate(join(folder, 'certified'), 'certified')
    const twice = await makeCertificate(join(folder, 'twice'), 'twice')
    const tls = (own: Partial<Certificate>) => ({ tls: { mode: 'verify-full', ca: server.cert, ...own } })
    const password = { env: 'TWICE' }
    stage = await openStage({
      policy: POLICY,
      version,
      seed: "CREATE ROLE certified LOGIN; CREATE ROLE twice LOGIN PASSWORD 'as well';",
      env: { TWICE: 'as well' },
      resources: {
        certified: { credential: { username: 'certified' }, ...tls(certified) },
        'certified-too': { credential: { username: 'twice', password }, ...tls(twice) },
        without: { credential: { username: 'certified' }, ...tls({}) },
        'of-another': { credential: { username: 'certified' }, ...tls(twice) },
        'not-its-own': { credential: { username: 'certified' }, ...tls({ cert: certified.cert, key: twice.key }) },
      },
    })
    await allowLogins(stage, RULES)
    await turnTlsOn(stage, server, certified.cert)
  })

  afterAll(async () => {
    await stage?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const connected = async (resource: string) => {
    const client = await RawClient.login(stage.gateway.postgres, stage.alice, resource)
    const answers = await client.ask(query("SELECT current_user || ' ' || coalesce(client_dn, 'nobody') FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
    client.close()
    return answers.find((each) => each.startsWith('row '))
  }

  it('gets the one that is configured, and lets it in without a password', async () => {
    expect(await connected('certified')).toBe('row certified /CN=certified')
  })

  it('says why when there is none, or that of somebody else', async () => {
    await expect(connected('without')).rejects.toThrow(/error \w+ without (refused the gateway: |.*certificate)/)
    await expect(connected('of-another')).rejects.toThrow(/error 08006 the server closed the connection/)
  })

  it('gets none when its key is another', async () => {
    await expect(connected('not-its-own')).rejects.toThrow(/error 08006 not-its-own failed its TLS check .*key/)
  })

  it('may ask for a password as well', async () => {
    await turnTlsOn(stage, server, join(folder, 'twice', 'tls', 'cert.pem'))
    await expect.poll(() => connected('certified-too').catch(String)).toBe('row twice /CN=twice')
  })

  it('leaves nothing behind', async () => {
    expect(await leftovers(stage)).toEqual([])
  })
})
