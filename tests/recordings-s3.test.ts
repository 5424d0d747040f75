import type { RecordingLine } from '@countersign/contract/schemas/recording'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { entriesOf } from './support/ledger.ts'
import { POLICY } from './support/replicas.ts'
import { type S3Server, startS3 } from './support/s3.ts'
import { openStage, type Stage } from './support/stage.ts'

let server: S3Server
let stage: Stage

beforeAll(async () => {
  server = await startS3()
  const { endpoint, credential } = server
  const s3 = { endpoint, bucket: 'audit', prefix: 'recordings', credential: { id: credential.id, secret: { env: 'S3_SECRET' } } }
  stage = await openStage({ policy: POLICY, recordings: { s3, retention: '4s' }, env: { S3_SECRET: credential.secret } })
})

afterAll(async () => {
  await stage?.close()
  await server?.stop()
})

it('recordings are kept in a bucket, read from it, and deleted when their time is over, which is recorded', async () => {
  const client = new pg.Client({ ...stage.gateway.postgres, user: stage.alice.user, password: stage.alice.token, database: 'db' })
  await client.connect()
  await client.query('SELECT 42')
  await client.end()
  const entries = (type: string) => entriesOf(stage.gateway.data).filter((entry) => entry.type === type)
  await expect.poll(() => entries('recording.finished').length, { timeout: 15_000 }).toBe(1)
  expect(server.keys()).toHaveLength(1)
  const session = (await stage.erin.api.sessions())[0]?.id ?? ''
  await expect.poll(async () => (await stage.erin.api.recordings()).recordings.length).toBe(1)
  const lines: RecordingLine[] = []
  for await (const line of stage.erin.api.recording({ session })) lines.push(line)
  expect(lines.map(({ line }) => line)).toEqual(['begin', 'started', 'finished', 'end'])

  await expect.poll(() => entries('recording.deleted').map(({ body }) => body), { timeout: 20_000 }).toMatchObject([{ session, why: 'retention' }])
  expect(server.keys()).toEqual([])
  await expect.poll(async () => (await stage.erin.api.recordings()).recordings).toMatchObject([{ session, deleted: { why: 'retention' } }])
  await expect(stage.erin.api.recording({ session }).next()).rejects.toThrow(/was deleted at .* \(retention\)/)
}, 60_000)
