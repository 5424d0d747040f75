import { createHash, timingSafeEqual } from 'node:crypto'
import { type Context, Hono } from 'hono'
import type { Logger } from 'pino'
import SCIMMY from 'scimmy'
import { answer, bodyOf, failed, refuse } from './answers.ts'
import { userBody, userPatch } from './bodies.ts'
import type { Groups } from './groups.ts'
import type { People } from './people.ts'
import { Dealing, MOST_RESULTS } from './resources.ts'

/** Of a token that somebody could guess no answer is given. */
const SHORTEST_TOKEN = 32
/** A program that gives the token is not run for every question that somebody asks. */
const TOKEN_KEPT_MS = 60_000

export interface ScimOptions {
  readonly people: People
  readonly groups: Groups
  /** The gateway's address, for locations. */
  readonly url: () => string
  /** The secret of the configuration. */
  readonly readToken: () => Promise<string>
  readonly log: Logger
}

/** The library's resource types, as far as they are used. */
interface Resource {
  read(context: Dealing): Promise<object>
  write(body: object, context: Dealing): Promise<object>
  patch(message: object, context: Dealing): Promise<object | undefined>
  dispose(context: Dealing): Promise<void>
}
type ResourceType = new (id?: string | object, config?: object) => Resource
const typeOf = (type: unknown) => type as ResourceType

interface Kind {
  readonly path: string
  readonly Type: ResourceType
  /** What was sent, as it is meant; null where nothing of it is kept here. */
  readonly body: (sent: object) => object
  readonly patch: (sent: object) => object | null
}

const KINDS: readonly Kind[] = [
  { path: '/Users', Type: typeOf(SCIMMY.Resources.User), body: userBody, patch: userPatch },
  { path: '/Groups', Type: typeOf(SCIMMY.Resources.Group), body: (sent) => sent, patch: (sent) => sent },
]

const DESCRIPTIONS = [
  ['/Schemas', typeOf(SCIMMY.Resources.Schema)],
  ['/ResourceTypes', typeOf(SCIMMY.Resources.ResourceType)],
  ['/ServiceProviderConfig', typeOf(SCIMMY.Resources.ServiceProviderConfig)],
] as const

/** SCIM 2.0 (RFC 7643, RFC 7644), to be mounted at /scim/v2, for one directory, which proves itself by the token of the configuration. */
export function scimDoor(options: ScimOptions): Hono {
  const { log, url } = options
  const app = new Hono()
  const isToken = tokenCheck(options)
  app.onError((error, c) => failed(c, error, log))
  app.use(async (c, next) => {
    const [, presented] = /^Bearer ([\x21-\x7e]{1,4096})$/i.exec(c.req.header('authorization') ?? '') ?? []
    if (presented !== undefined && (await isToken(presented))) return next()
    c.header('www-authenticate', 'Bearer')
    return refuse(c, 401, null, 'this needs the token of identity.scim, as a bearer token')
  })
  for (const kind of KINDS) mount(app, kind, options)
  for (const [path, Type] of DESCRIPTIONS) {
    const read = async (c: Context) => answer(c, 200, await new Type(c.req.param('id')).read(dealing(options)), url())
    app.get(path, read)
    app.get(`${path}/:id`, read)
  }
  app.all('*', (c) => refuse(c, 501, null, 'there are Users, Groups, Schemas, ResourceTypes and ServiceProviderConfig, and no bulk'))
  return app
}

function mount(app: Hono, { path, Type, body, patch }: Kind, options: ScimOptions): void {
  const deal = (work: (c: Context, with_: Dealing) => Promise<Response>) => async (c: Context) => {
    const own = dealing(options)
    try {
      return await work(c, own)
    } catch (error) {
      return failed(c, own.failure ?? error, options.log)
    }
  }
  const shown = (c: Context, status: 200 | 201, resource: object) => answer(c, status, resource, options.url())
  const id = (c: Context) => c.req.param('id') ?? ''

  app.get(
    path,
    deal(async (c, own) => {
      const { isCount, ...query } = queryOf(c)
      const found = await new Type(query).read(own)
      return shown(c, 200, isCount ? { ...found, Resources: [], itemsPerPage: 0 } : found)
    }),
  )
  app.post(
    path,
    deal(async (c, own) => shown(c, 201, await new Type().write(body(await bodyOf(c)), own))),
  )
  app.get(
    `${path}/:id`,
    deal(async (c, own) => shown(c, 200, await new Type(id(c), queryOf(c)).read(own))),
  )
  app.put(
    `${path}/:id`,
    deal(async (c, own) => shown(c, 200, await new Type(id(c)).write(body(await bodyOf(c)), own))),
  )
  app.patch(
    `${path}/:id`,
    deal(async (c, own) => {
      const change = patch(await bodyOf(c))
      const changed = change === null ? null : await new Type(id(c)).patch(change, own)
      return shown(c, 200, changed ?? (await new Type(id(c)).read(own)))
    }),
  )
  app.delete(
    `${path}/:id`,
    deal(async (c, own) => {
      await new Type(id(c)).dispose(own)
      return c.body(null, 204)
    }),
  )
}

const dealing = ({ people, groups }: ScimOptions) => new Dealing(people, groups)

/** RFC 7644 section 3.4.2: numbers out of range are the nearest in it. `isCount`: only how many there are is asked. */
function queryOf(c: Context) {
  const text = (name: string) => {
    const value = c.req.query(name)
    return value === undefined || value === '' ? {} : { [name]: value }
  }
  const number = (name: string, least: number, most: number) => {
    const value = Number(c.req.query(name))
    return c.req.query(name) === undefined || !Number.isInteger(value) ? {} : { [name]: Math.min(most, Math.max(least, value)) }
  }
  const names = ['filter', 'attributes', 'excludedAttributes', 'sortBy', 'sortOrder'].map(text)
  const pages = { count: MOST_RESULTS, ...number('startIndex', 1, Number.MAX_SAFE_INTEGER), ...number('count', 1, MOST_RESULTS) }
  return { ...Object.assign({}, ...names), ...pages, isCount: Number(c.req.query('count') ?? 1) <= 0 }
}

/** In a time that does not depend on what is presented. A token that cannot be read, or is too short, lets nobody in. */
function tokenCheck({ readToken, log }: ScimOptions): (presented: string) => Promise<boolean> {
  let known: { readonly digest: Buffer; readonly until: number } | null = null
  return async (presented) => {
    try {
      if (known === null || performance.now() >= known.until) {
        const token = await readToken()
        if (token.length < SHORTEST_TOKEN) throw new Error(`identity.scim.token has fewer than ${SHORTEST_TOKEN} characters`)
        known = { digest: digest(token), until: performance.now() + TOKEN_KEPT_MS }
      }
      return timingSafeEqual(digest(presented), known.digest)
    } catch (error) {
      log.error({ err: error }, 'nobody is let in to provision')
      return false
    }
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest()
