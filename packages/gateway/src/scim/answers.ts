import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Logger } from 'pino'
import SCIMMY from 'scimmy'
import { JournalBroken } from '../journal/journal.ts'
import { StoreUnavailable } from '../store/store.ts'
import { ScimError } from './error.ts'

const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error'
/** It must be known before it is read. */
const LARGEST_BODY = 1024 * 1024
const MEDIA = 'application/scim+json'

/** The object that a body is. Throws ScimError. */
export async function bodyOf(c: Context): Promise<object> {
  if (!/^application\/(scim\+)?json\s*(;|$)/i.test(c.req.header('content-type') ?? '')) throw new ScimError(400, 'invalidSyntax', `send ${MEDIA}`)
  const length = c.req.header('content-length')
  if (length === undefined) throw new ScimError(400, 'invalidSyntax', 'send the length of the body in `Content-Length`')
  if (!(Number(length) <= LARGEST_BODY)) throw new ScimError(413, '', `a body is ${LARGEST_BODY} bytes at most`)
  const body: unknown = await c.req.json().catch(() => null)
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body
  throw new ScimError(400, 'invalidSyntax', 'the body is not a JSON object')
}

/** A resource, or a list of them, with locations that hold anywhere. */
export function answer(c: Context, status: ContentfulStatusCode, resource: object, url: string): Response {
  const said: unknown = JSON.parse(JSON.stringify(resource), (key, value: unknown) =>
    key === 'location' && typeof value === 'string' ? new URL(value, url).href : value,
  )
  if (status === 201) c.header('location', locationOf(said))
  return c.body(JSON.stringify(said), status, { 'content-type': MEDIA })
}

const locationOf = (said: unknown): string => {
  const { meta } = said as { readonly meta?: { readonly location?: string } }
  return meta?.location ?? ''
}

/** RFC 7644 section 3.12. */
export function refuse(c: Context, status: ContentfulStatusCode, scimType: string | null, detail: string): Response {
  const body = { schemas: [ERROR], status: String(status), ...(scimType === null ? {} : { scimType }), detail }
  return c.body(JSON.stringify(body), status, { 'content-type': MEDIA })
}

/** What was thrown, in SCIM's words. What nobody foresaw is logged, and answered without its own. */
export function failed(c: Context, error: unknown, log: Logger): Response {
  if (error instanceof SCIMMY.Types.Error) return refuse(c, statusOf(error.status), error.scimType || null, error.message)
  log.error({ err: error }, 'provisioning failed')
  if (error instanceof StoreUnavailable || error instanceof JournalBroken) return refuse(c, 503, null, 'the gateway cannot keep or record this now; try again')
  return refuse(c, 500, null, 'the gateway made a mistake; its log says which')
}

const statusOf = (status: number): ContentfulStatusCode => {
  switch (status) {
    case 401:
    case 403:
    case 404:
    case 409:
    case 412:
    case 413:
    case 501:
      return status
    default:
      return status < 500 ? 400 : 500
  }
}
