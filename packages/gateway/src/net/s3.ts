import { Readable } from 'node:stream'
import { AwsClient } from 'aws4fetch'
import type { S3Bucket } from '../config/config.ts'
import { readSecret } from '../config/secret.ts'

/** A store that speaks Amazon's S3 refused or did not answer. The message says which, and holds no credential. */
export class S3Error extends Error {
  /** The code of its answer, such as `NoSuchKey`; null where there was no answer. */
  readonly code: string | null

  constructor(message: string, code: string | null, options?: ErrorOptions) {
    super(message, options)
    this.name = 'S3Error'
    this.code = code
  }
}

/** More than any answer that is read whole: an error. */
const LONGEST_ERROR = 64 * 1024
/** A single PUT of the largest object that there may be (5 GiB) over a slow line. */
const PATIENCE_MS = 15 * 60_000

/** One bucket, or the part of it under a prefix, addressed by path (`https://endpoint/bucket/key`), which every such store understands. */
export class Bucket {
  readonly #options: S3Bucket

  constructor(options: S3Bucket) {
    this.#options = options
  }

  /**
   * `sha256`, hexadecimal, is signed: a store that got other bytes refuses them. It is sent as a checksum too, without which S3 takes nothing into a bucket that
   * retains what is put there (PutObject, Content-MD5: "required for any request to upload an object with a retention period"), nor anything that asks for that itself. At most 5 GiB.
   */
  async put(key: string, body: Blob, sha256: string, headers: Readonly<Record<string, string>> = {}, signal?: AbortSignal): Promise<void> {
    const checksum = Buffer.from(sha256, 'hex').toString('base64')
    await this.#send(key, { method: 'PUT', body, headers: { ...headers, 'x-amz-content-sha256': sha256, 'x-amz-checksum-sha256': checksum } }, signal)
  }

  async get(key: string, signal?: AbortSignal): Promise<Readable> {
    const { body } = await this.#send(key, { method: 'GET' }, signal)
    return body ? Readable.from(body, { objectMode: false }) : Readable.from([])
  }

  /** What is not there is removed. */
  async remove(key: string): Promise<void> {
    await this.#send(key, { method: 'DELETE' })
  }

  async #send(key: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
    const { endpoint, bucket, prefix, region, credential } = this.#options
    const secretAccessKey = await readSecret(credential.secret)
    const client = new AwsClient({ accessKeyId: credential.id, secretAccessKey, region, service: 's3', retries: 2 })
    const url = `${endpoint}/${bucket}/${prefix}${key.split('/').map(encodeURIComponent).join('/')}`
    const ends = AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), ...(signal ? [signal] : [])])
    const response = await client.fetch(url, { ...init, redirect: 'error', signal: ends }).catch((cause: unknown) => {
      throw new S3Error(`the bucket ${bucket} at ${endpoint} does not answer (${reasonOf(cause)})`, null, { cause })
    })
    if (response.ok) return response
    const code = /<Code>([A-Za-z0-9]{1,100})<\/Code>/.exec((await response.text()).slice(0, LONGEST_ERROR))?.[1] ?? `HTTP ${response.status}`
    throw new S3Error(`the bucket ${bucket} at ${endpoint} refuses to ${String(init.method)} ${prefix}${key}: ${code}`, code)
  }
}

/** `fetch` hides the system's own words in `cause`. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}
