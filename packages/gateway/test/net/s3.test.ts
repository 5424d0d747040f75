import { createHash, randomBytes } from 'node:crypto'
import { AwsClient } from 'aws4fetch'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startLockedBucket } from '../../../../tests/support/object-lock.ts'
import { type S3Server, startS3 } from '../../../../tests/support/s3.ts'
import type { S3Bucket } from '../../src/config/config.ts'
import { Bucket, S3Error } from '../../src/net/s3.ts'

let server: S3Server
const SECRET = 'S3_TEST_SECRET'

beforeAll(async () => {
  server = await startS3()
  process.env[SECRET] = server.credential.secret
})

afterAll(async () => {
  delete process.env[SECRET]
  await server?.stop()
})

const options = (over: Partial<S3Bucket> = {}): S3Bucket => ({
  endpoint: server.endpoint,
  region: 'eu-central-1',
  bucket: 'audit',
  prefix: 'a/b/',
  credential: { id: server.credential.id, secret: { env: SECRET } },
  ...over,
})
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const put = (bucket: Bucket, key: string, bytes: Uint8Array<ArrayBuffer>, digest = sha256(bytes)) => bucket.put(key, new Blob([bytes]), digest)

test.each([0, 1, 3_000_000])('what is put into a bucket comes out of it: %i bytes', async (size) => {
  const bucket = new Bucket(options())
  const bytes = new Uint8Array(randomBytes(size))
  await put(bucket, 'ses-1.age', bytes)
  expect(server.keys().some((key) => key.startsWith('a/b/ses-1.age'))).toBe(true)
  expect(Buffer.concat(await (await bucket.get('ses-1.age')).toArray()).equals(bytes)).toBe(true)
})

test('a name with anything in it is one key', async () => {
  const bucket = new Bucket(options({ prefix: '' }))
  await put(bucket, 'tile/0/x001/ä b+c?d', new Uint8Array([1, 2, 3]))
  expect((await (await bucket.get('tile/0/x001/ä b+c?d')).toArray()).flatMap((chunk: Buffer) => [...chunk])).toEqual([1, 2, 3])
})

test('what is removed is gone, and can be removed again', async () => {
  const bucket = new Bucket(options())
  await put(bucket, 'gone', new Uint8Array([1]))
  await bucket.remove('gone')
  await bucket.remove('gone')
  await expect(bucket.get('gone')).rejects.toThrow(/refuses to GET a\/b\/gone: NoSuchKey/)
})

test('a refusal says which, and holds nothing of the secret', async () => {
  process.env['S3_TEST_WRONG'] = 'canary-secret'
  const refusals = [
    [options({ credential: { id: 'S3RVER', secret: { env: 'S3_TEST_WRONG' } } }), /SignatureDoesNotMatch/],
    [options({ bucket: 'nowhere' }), /NoSuchBucket/],
    [options({ endpoint: 'http://127.0.0.1:1' }), /does not answer/],
  ] as const
  for (const [of, expected] of refusals) {
    const error: unknown = await put(new Bucket(of), 'x', new Uint8Array([1])).catch((refusal: unknown) => refusal)
    expect(error).toBeInstanceOf(S3Error)
    expect(String(error)).toMatch(expected)
    expect(JSON.stringify(error) + String(error)).not.toContain('canary')
  }
  delete process.env['S3_TEST_WRONG']
})

test('a bucket that retains what is put into it takes it, because its checksum is with it', async () => {
  const locked = await startLockedBucket({ defaultDays: 30 })
  onTestFinished(() => locked.stop())
  const bucket = new Bucket(options({ endpoint: locked.endpoint }))
  await put(bucket, 'ses-1.age', new Uint8Array([1, 2, 3]))
  expect(locked.versions).toMatchObject([{ body: '\u0001\u0002\u0003', retained: { mode: 'GOVERNANCE' } }])
})

test.each([
  ['for which nothing vouches', {}, /InvalidRequest/],
  ['whose checksum is another’s', { 'x-amz-checksum-sha256': createHash('sha256').digest('base64') }, /BadDigest/],
])('a body %s is refused by a bucket with object lock', async (_what, headers, refused) => {
  const locked = await startLockedBucket({ defaultDays: 30 })
  onTestFinished(() => locked.stop())
  const { id } = server.credential
  const client = new AwsClient({ accessKeyId: id, secretAccessKey: server.credential.secret, region: 'eu-central-1', service: 's3', retries: 0 })
  const answer = await client.fetch(`${locked.endpoint}/audit/x`, {
    method: 'PUT',
    body: 'x',
    headers: { ...headers, 'x-amz-content-sha256': sha256(Buffer.from('x')) },
  })
  expect(await answer.text()).toMatch(refused)
})
