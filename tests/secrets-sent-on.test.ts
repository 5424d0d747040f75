import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { canariesIn, canariesUnder } from './support/canaries.ts'
import { countersign } from './support/ledger.ts'
import { lacks } from './support/needs.ts'
import { POLICY } from './support/replicas.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const CANARY = 'canary-51d0e2'
/** What nobody but the target is told. */
const UNTOLD = ['role', 'value', 'quoted'].map((what) => `${CANARY}-untold-${what}`)
/** What the gateway proves itself with elsewhere. */
const WEBHOOK = Buffer.from(`${CANARY}-webhook-of-24-bytes-and-more`).toString('base64')
const BUCKET = `${CANARY}-bucket`

const SECRETS = `
@id("roles") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:admin", resource == Resource::"db");
@id("hidden") @secret("parameters") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource == Resource::"hidden");
`

describe.skipIf(lacks('psql'))('secrets, where the ledger is sent on, recorded, witnessed and proved', () => {
  let stage: Stage
  let elsewhere: string
  let witness: Server
  const witnessed: string[] = []
  let request: string

  beforeAll(async () => {
    elsewhere = mkdtempSync(join(tmpdir(), 'countersign-elsewhere-'))
    witness = createServer((asked, answer) => {
      witnessed.push(JSON.stringify(asked.headers))
      asked.on('data', (piece: Buffer) => witnessed.push(piece.toString()))
      asked.on('end', () => answer.writeHead(204).end())
    }).listen(0, '127.0.0.1')
    await once(witness, 'listening')
    const { port } = witness.address() as AddressInfo
    const away = { endpoint: 'http://127.0.0.1:1', bucket: 'away', credential: { id: 'id', secret: { env: 'BUCKET' } } }
    stage = await openStage({
      policy: POLICY + SECRETS,
      seed: 'CREATE ROLE app;',
      resources: { db: {}, hidden: { recording: { parameters: 'keep' } } },
      env: { WEBHOOK: `whsec_${WEBHOOK}`, BUCKET },
      exports: ['jsonl', 'ocsf'].map((format) => ({ name: format, format, target: { file: join(elsewhere, format) }, texts: true })),
      recordings: { directory: join(elsewhere, 'recordings') },
      witness: [{ webhook: `http://127.0.0.1:${port}/`, secret: { env: 'WEBHOOK' } }, { s3: away, retain: '1d' }, { file: join(elsewhere, 'checkpoints') }],
    })
    request = await play()
  })

  afterAll(async () => {
    await stage?.close()
    witness?.close()
    rmSync(elsewhere, { recursive: true, force: true })
  })

  async function play(): Promise<string> {
    const { alice, bob, gateway } = stage
    const [role, value, quoted] = UNTOLD
    const session = alice.psql('db')
    session.type(`ALTER ROLE app LOGIN PASSWORD '${role}';`)
    const id = await held(session)
    await bob.api.approve({ id })
    await session.next(/ALTER ROLE\n/)
    await session.quit()
    const client = new pg.Client({ ...gateway.postgres, user: alice.user, password: alice.token, database: 'hidden' })
    await client.connect()
    await client.query('SELECT $1::text AS told', [value])
    await expect(client.query('SELECT $1::text::int', [quoted])).rejects.toThrow(quoted)
    await client.end()
    return id
  }

  const secrets = () => [...UNTOLD, WEBHOOK, BUCKET, stage.target.password, stage.alice.token, stage.bob.token, stage.erin.token]
  /** All of it, as soon as this text is in it. */
  const whenItHas = (read: () => string, part: string) =>
    vi.waitFor(
      () => {
        const text = read()
        expect(text).toContain(part)
        return text
      },
      { timeout: 15_000, interval: 200 },
    )

  it.each(['jsonl', 'ocsf'])('are in no export of texts, as %s', async (format) => {
    const text = await whenItHas(() => readFileSync(join(elsewhere, format), 'utf8'), 'SELECT $1::text::int')
    expect(text).toContain('(withheld)')
    expect(canariesIn(text, secrets())).toEqual([])
  })

  it('are in no recording, neither as a file nor as it is read', async () => {
    const { recordings } = await vi.waitFor(
      async () => {
        const page = await stage.erin.api.recordings()
        expect(page.recordings).toHaveLength(2)
        return page
      },
      { timeout: 15_000, interval: 200 },
    )
    const lines: unknown[] = []
    for (const { session } of recordings) for await (const line of stage.erin.api.recording({ session })) lines.push(line)
    expect(JSON.stringify(lines)).toContain('"withheld":true')
    expect(canariesIn(JSON.stringify(lines), secrets())).toEqual([])
    const env = { COUNTERSIGN_GATEWAY: stage.gateway.url, COUNTERSIGN_TOKEN: stage.erin.token }
    for (const { session } of recordings) {
      const { stdout, stderr } = await countersign(['replay', session], env)
      expect(canariesIn(stdout + stderr, secrets())).toEqual([])
    }
  })

  it('are in nothing that a witness is shown, and in no word about one that is away', async () => {
    await whenItHas(() => witnessed.join('\n'), 'ledger.checkpoint')
    expect(canariesIn(witnessed.join('\n'), secrets())).toEqual([])
    const metrics = await (await fetch(`${stage.gateway.url}/metrics`)).text()
    expect(canariesIn(stage.gateway.log() + metrics, secrets())).toEqual([])
  })

  it('are in no receipt, no report and no export of the whole ledger', async () => {
    const env = { COUNTERSIGN_GATEWAY: stage.gateway.url, COUNTERSIGN_TOKEN: stage.erin.token }
    const receipt = join(elsewhere, 'receipt.json')
    await vi.waitFor(async () => expect((await countersign(['ledger', 'proof', request, '-o', receipt], env)).code).toBe(0), { timeout: 15_000, interval: 500 })
    expect(readFileSync(receipt, 'utf8')).toContain('(withheld)')
    expect(await countersign(['ledger', 'verify', receipt])).toMatchObject({ code: 0, stdout: expect.stringContaining('is good') })
    for (const args of [
      ['ledger', 'export', '--format', 'tiles', join(elsewhere, 'tiles')],
      ['ledger', 'report', '--from', '2020-01-01', '--until', '2100-01-01', '-o', join(elsewhere, 'report.html')],
    ]) {
      const { code, stdout, stderr } = await countersign(args, env)
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
      expect(canariesIn(stdout + stderr, secrets())).toEqual([])
    }
    expect(canariesUnder(elsewhere, secrets())).toEqual([])
    expect(canariesUnder(stage.gateway.data, secrets())).toEqual([])
  })
})
