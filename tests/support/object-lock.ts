import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request as ask, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type S3Server, startS3 } from './s3.ts'

/**
 * A bucket as Amazon documents one with object lock (PutObject; "Uploading objects to an Object Lock enabled bucket"; "How Object Lock works"), which s3rver, behind it, knows
 * nothing of. That one checks signatures and keeps the newest versions.
 */
export interface LockedBucket {
  readonly endpoint: string
  readonly credential: S3Server['credential']
  /** Every version that was put here, oldest first: what is retained is deleted by nobody. */
  readonly versions: readonly Version[]
  keys(): readonly string[]
  stop(): Promise<void>
}

interface Version {
  readonly key: string
  readonly body: string
  /** Null for one that is not retained. */
  readonly retained: { readonly mode: string; readonly until: number } | null
}

export interface LockOptions {
  /** False: a bucket like any. */
  readonly lock?: boolean
  /** The retention of what is put here without one; none without it. */
  readonly defaultDays?: number
}

export async function startLockedBucket({ lock = true, defaultDays }: LockOptions = {}): Promise<LockedBucket> {
  const behind = await startS3()
  const versions: Version[] = []
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = Buffer.concat(await request.toArray())
    const [key = ''] = (request.url ?? '').split('?')
    if (request.method === 'PUT') {
      const refused = refusal(request.headers, body, lock, defaultDays !== undefined) ?? taken(request.headers, versions, key)
      if (refused) return answer(response, ...refused)
      versions.push({ key, body: body.toString(), retained: retentionOf(request.headers, defaultDays) })
    }
    const passedOn = ask(behind.endpoint + request.url, { method: request.method, headers: request.headers }, (answered) => {
      response.writeHead(answered.statusCode ?? 500, answered.headers)
      answered.pipe(response)
    })
    return passedOn.end(body)
  }
  const front = createServer((request, response) => void serve(request, response)).listen(0, '127.0.0.1')
  await once(front, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
    credential: behind.credential,
    versions,
    keys: () => behind.keys(),
    stop: async () => {
      front.closeAllConnections()
      front.close()
      await behind.stop()
    },
  }
}

type Refusal = readonly [status: number, code: string, message: string]

const MODE = 'x-amz-object-lock-mode'
const UNTIL = 'x-amz-object-lock-retain-until-date'

/** In the words of S3's own answers. */
function refusal(headers: IncomingHttpHeaders, body: Buffer, lock: boolean, byDefault: boolean): Refusal | null {
  const [mode, until] = [headers[MODE], headers[UNTIL]]
  const unsigned = Object.keys(headers).filter((name) => name.startsWith('x-amz-') && !signedIn(headers).has(name))
  if (unsigned.length > 0) return [403, 'AccessDenied', `There were headers present in the request which were not signed: ${unsigned.join(', ')}`]
  if ((mode === undefined) !== (until === undefined)) return [400, 'InvalidArgument', `${UNTIL} and ${MODE} must both be supplied`]
  if (mode !== undefined && !lock) return [400, 'InvalidRequest', 'Bucket is missing Object Lock Configuration']
  if (mode !== undefined && mode !== 'COMPLIANCE' && mode !== 'GOVERNANCE') return [400, 'InvalidArgument', 'Unknown wormMode directive.']
  if (until !== undefined && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(String(until)))
    return [400, 'InvalidArgument', 'The retain until date is not valid']
  if (until !== undefined && Date.parse(String(until)) <= Date.now()) return [400, 'InvalidArgument', 'The retain until date must be in the future!']
  const sums = [headers['content-md5'], headers['x-amz-checksum-sha256']]
  if ((mode !== undefined || byDefault) && sums.every((sum) => sum === undefined))
    return [400, 'InvalidRequest', 'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters']
  const own = ['md5', 'sha256'].map((name) => createHash(name).update(body).digest('base64'))
  if (sums.some((sum, at) => sum !== undefined && sum !== own[at])) return [400, 'BadDigest', 'The digest you specified did not match the calculated checksum.']
  return null
}

const signedIn = ({ authorization }: IncomingHttpHeaders) => new Set((/SignedHeaders=([^,]+)/.exec(authorization ?? '')?.[1] ?? '').split(';'))

const taken = (headers: IncomingHttpHeaders, versions: readonly Version[], key: string): Refusal | null =>
  headers['if-none-match'] === '*' && versions.some((version) => version.key === key)
    ? [412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold']
    : null

function retentionOf(headers: IncomingHttpHeaders, defaultDays: number | undefined): Version['retained'] {
  if (headers[MODE] !== undefined) return { mode: String(headers[MODE]), until: Date.parse(String(headers[UNTIL])) }
  return defaultDays === undefined ? null : { mode: 'GOVERNANCE', until: Date.now() + defaultDays * 86_400_000 }
}

function answer(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`)
}
