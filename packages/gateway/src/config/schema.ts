import { parseDuration } from '@countersign/core/coverage'
import { LOCAL_ADMIN } from '@countersign/core/principal'
import { z } from 'zod'
import { isGroupName, isUserName } from './names.ts'
import { MAPPED_TYPES } from './config.ts'

/** A name that stands in `dbname=NAME/database`, in links and in policies. */
const RESOURCE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
const LABEL_KEY = /^[A-Za-z][A-Za-z0-9_./-]{0,62}$/
/** Attributes that every resource has in policy; a label of that name would hide one. */
const RESERVED_LABELS = ['name', 'protocol']

const duration = z.string({ error: 'expected a duration such as 90s, 30m or 8h' }).transform((text, context) => {
  const ms = parseDuration(text)
  if (ms !== null) return ms
  context.addIssue({ code: 'custom', message: 'expected a duration such as 90s, 30m or 8h' })
  return z.NEVER
})

/** Longer than this nobody should go by what somebody else may have changed. */
const MAX_AGE_MS = 1_000
const AGE = 'expected how old what is known may be: at most 1s, such as 200ms, or 0s to ask each time'

const age = z.string({ error: AGE }).transform((text, context) => {
  const ms = text === '0s' ? 0 : parseDuration(text)
  if (ms !== null && ms <= MAX_AGE_MS) return ms
  context.addIssue({ code: 'custom', message: AGE })
  return z.NEVER
})

const address = z.string({ error: 'expected host:port' }).transform((text, context) => {
  const match = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host !== undefined && port <= 65_535) return { host, port }
  context.addIssue({ code: 'custom', message: 'expected host:port, such as 127.0.0.1:7070 or [::1]:7070; port 0 takes any free one' })
  return z.NEVER
})

const text = z.string().min(1, 'must not be empty')
const variable = z.strictObject({ env: text })

const secret = z.union([variable, z.strictObject({ file: text }), z.strictObject({ exec: z.array(text).min(1) })], {
  error: 'expected { env: NAME }, { file: PATH } or { exec: [PROGRAM, ARGUMENT, …] }: a secret is never written here itself',
})

const groupName = z.string().refine(isGroupName, 'a group is a word without spaces, commas and quotes')
const labelKey = z
  .string()
  .regex(LABEL_KEY, 'a label starts with a letter and holds letters, digits, dots, slashes, dashes and underscores')
  .refine((key) => !RESERVED_LABELS.includes(key), 'every resource has this attribute already; choose another label')
const userName = z
  .string()
  .refine((name) => name === LOCAL_ADMIN || isUserName(name), 'a user name has no spaces and no slash')
  .refine((name) => name !== LOCAL_ADMIN, `${LOCAL_ADMIN} is the administrator of the gateway's own host; choose another name`)
const resourceName = z.string().regex(RESOURCE_NAME, 'a resource name holds letters, digits, dots, dashes and underscores, 63 at most')

/** PostgreSQL cuts a longer name off and takes what is left (NAMEDATALEN); PUBLIC and NONE are no roles, not even in quotes. */
const MAX_ROLE_BYTES = 63
const roleName = text
  .refine((name) => Buffer.byteLength(name) <= MAX_ROLE_BYTES, `a role's name is ${MAX_ROLE_BYTES} bytes at most`)
  .refine((name) => !name.includes('\0') && name.isWellFormed(), 'no role has such a name')
  .refine((name) => name !== 'public' && name !== 'none', 'this is no role that could be granted; write the name of one as the target has it')
const roleNames = z.array(roleName, 'expected a list of roles of the target, such as [app_read]').min(1, 'expected at least one role; remove the key for none')

const accounts = z.strictObject({
  mode: z.enum(['shared', 'ephemeral']).default('shared'),
  roles: z.strictObject({ read: roleNames, write: roleNames, ddl: roleNames, admin: roleNames, unknown: roleNames }).partial().optional(),
  owner: roleName.optional(),
})

/**
 * Reading a page of 8 KiB costs 1 in the planner's units: a count up to here reads 200 MiB at most, which a server does within half a second from
 * its memory, so that a review costs the target nothing to speak of.
 */
const MAX_COST = 25_000

const resource = z.strictObject({
  protocol: z.literal('postgres', 'expected postgres, the one protocol that this version speaks'),
  url: text,
  credential: z.strictObject({ username: text, password: secret.optional() }),
  tls: z
    .strictObject({ mode: z.enum(['disable', 'require', 'verify-full']).optional(), ca: text.optional(), cert: text.optional(), key: text.optional() })
    .prefault({}),
  labels: z.record(labelKey, z.string('expected text; write a number or true in quotes')).default({}),
  mode: z.enum(['enforce', 'observe']).default('enforce'),
  onHold: z.enum(['wait', 'refuse']).default('wait'),
  durability: z.enum(['process', 'disk', 'store'], 'expected process, disk or store: what the record of an action survives').default('process'),
  functions: z
    .strictObject({
      trusted: z.array(z.string().regex(/^[^\s.]+\.[^\s.]+$/, 'expected schema.function, such as public.order_total')).default([]),
      extensions: z.array(text).default([]),
    })
    .prefault({}),
  catalog: z.strictObject({ maxAge: age.prefault('1s') }).prefault({}),
  accounts: accounts.prefault({}),
  recording: z.strictObject({ parameters: z.enum(['withhold', 'keep']).default('withhold') }).prefault({}),
  impact: z.strictObject({ maxCost: z.number('expected a cost in the planner’s units, such as 25000').min(0).default(MAX_COST) }).prefault({}),
})

/** It stands in what a receiver keeps its place by, where a dot has a meaning of its own. */
const EXPORT_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/

const exportTarget = z.strictObject({
  file: text.optional(),
  webhook: text.optional(),
  syslog: text.optional(),
  secret: secret.optional(),
  ca: text.optional(),
  cert: text.optional(),
  key: text.optional(),
})

const exported = z.strictObject({
  name: z.string().regex(EXPORT_NAME, 'an export’s name holds letters, digits, dashes and underscores, 63 at most'),
  format: z.enum(['jsonl', 'ocsf'], 'expected jsonl or ocsf'),
  target: exportTarget,
  texts: z.boolean().default(false),
})
const s3 = z.strictObject({
  endpoint: z.url({ protocol: /^https?$/, error: 'expected the address of the store, such as https://s3.eu-central-1.amazonaws.com' }),
  region: text.default('us-east-1'),
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'a bucket has 3 to 63 lower-case letters, digits, dots and dashes'),
  prefix: z
    .string()
    .regex(/^[\w.-]+(\/[\w.-]+)*$/, 'expected a path without slashes at its ends, such as countersign/recordings')
    .optional(),
  credential: z.strictObject({ id: text, secret }),
})

const recordings = z
  .strictObject({ directory: text.optional(), s3: s3.optional(), key: secret.optional(), retention: duration.optional() })
  .refine(({ directory, s3: bucket }) => (directory === undefined) !== (bucket === undefined), 'expected either directory: FOLDER or s3: { … }')

/** Each has its own caches and its own connection to its journal; more processes than this share one store badly. */
const MAX_WORKERS = 64

const STORE = 'expected sqlite, postgres://host/database or { url: { env: NAME } }'

const WITNESS = 'expected one of { file: PATH }, { webhook: URL, secret: … }, { tlog: URL, key: VKEY } and { s3: { … }, retain: 3650d }'
const web = z.url({ protocol: /^https?$/, error: 'expected an address such as https://witness.example.com/' })

const witness = z.union(
  [
    z.strictObject({ file: text }),
    z.strictObject({ webhook: web, secret }),
    z.strictObject({ tlog: web, key: text }),
    z.strictObject({ s3, retain: duration }),
  ],
  { error: WITNESS },
)

const user = z.strictObject({
  groups: z.array(groupName).default([]),
  admin: z.boolean().default(false),
  auditor: z.boolean().default(false),
  name: text.optional(),
  email: z.email('expected an e-mail address').optional(),
})

const email = z.strictObject({
  smtp: text,
  from: z.string().regex(/^[^\s<>",;:@]+@[^\s<>",;:@]+$/, 'expected an address, such as countersign@example.com'),
  credential: z.strictObject({ username: text, password: secret }).optional(),
  ca: text.optional(),
})

const notified = z.strictObject({ url: text, secret, ca: text.optional() })

const push = z.strictObject({
  contact: z
    .string()
    .regex(/^(mailto:|https:\/\/)\S+$/, 'expected mailto:… or https://…: whom the operators of push services may ask')
    .optional(),
  inside: z.array(z.string().regex(/^[^\s/:@]+$|^[0-9A-Fa-f:]+$/, 'expected the name of a host, such as push.internal')).default([]),
  ca: text.optional(),
})

/** More often than this is a nuisance, and no news. */
const MAX_REPEATS = 100

const notify = z.strictObject({
  email: email.optional(),
  webhook: z.array(notified, 'expected a list, each with url and secret').default([]),
  push: z.union([z.boolean(), push], { error: 'expected true, or { contact: mailto:…, inside: [HOST], ca: FILE }' }).default(false),
  repeat: z
    .strictObject({ every: duration.prefault('10m'), times: z.int(`expected how often, from 0 to ${MAX_REPEATS}`).min(0).max(MAX_REPEATS).default(3) })
    .prefault({}),
})

const issuer = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected a word of lower-case letters, digits and dashes: it stands in links')
    .default('oidc'),
  title: text.optional(),
  issuer: z.url({ protocol: /^https?$/, error: 'expected the issuer as it names itself, such as https://login.example.com' }),
  clientId: text,
  clientSecret: secret,
  scopes: z.array(text).default(['openid', 'email', 'profile']),
  userClaim: text.default('email'),
  groupsClaim: text.default('groups'),
  adminGroups: z.array(groupName).default([]),
  auditorGroups: z.array(groupName).default([]),
})

const scim = z.strictObject({ token: secret, adminGroups: z.array(text).default([]), auditorGroups: z.array(text).default([]) })

const identity = z.strictObject({
  scim: scim.optional(),
  oidc: z.preprocess((one) => (Array.isArray(one) ? one : [one]), z.array(issuer)).default([]),
  firstAdmin: userName.optional(),
  refresh: duration.prefault('5m'),
})

/** The shape of `countersign.yaml`. What needs the disk or the environment is checked in load.ts. */
export const configSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: 'expected the address people reach this gateway at, such as https://cs.example.com' }).optional(),
  listen: z.strictObject({ http: address.prefault('127.0.0.1:7070'), postgres: address.prefault('127.0.0.1:7432') }).prefault({}),
  store: z.union([z.literal('sqlite'), z.string().regex(/^postgres(ql)?:\/\/./, STORE), z.strictObject({ url: variable })], { error: STORE }).default('sqlite'),
  data: text.default('./countersign-data'),
  tls: z.strictObject({ cert: text, key: text }).optional(),
  users: z.record(userName, user).default({}),
  groups: z.array(groupName).default([]),
  labels: z.array(labelKey).default([]),
  resources: z.record(resourceName, resource).default({}),
  hold: z.strictObject({ connect: duration.prefault('20s'), inTransaction: duration.prefault('60s'), reminder: duration.prefault('30s') }).prefault({}),
  session: z.strictObject({ max: duration.prefault('8h'), idle: duration.optional(), auth: z.enum(['scram', 'password']).default('scram') }).prefault({}),
  login: z.strictObject({ idle: duration.prefault('12h'), max: duration.prefault('7d') }).prefault({}),
  policies: text.default('./policies'),
  exports: z.array(exported, 'expected a list, each with name, format and target').default([]),
  witness: z.array(witness, `${WITNESS}, in a list`).default([]),
  recordings: recordings.optional(),
  notify: notify.prefault({}),
  identity: identity.prefault({}),
  workers: z.union([z.literal('auto'), z.int().min(1).max(MAX_WORKERS)], { error: `expected auto, or a number from 1 to ${MAX_WORKERS}` }).default('auto'),
})

export type RawConfig = z.infer<typeof configSchema>
export type RawResource = z.infer<typeof resource>
export type RawExport = z.infer<typeof exported>
export type RawRecordings = z.infer<typeof recordings>

/** The keys that may stand where an unknown one does, by the path with names replaced by `*`. */
export const KNOWN_KEYS: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(configSchema.shape),
  listen: ['http', 'postgres'],
  tls: ['cert', 'key'],
  hold: ['connect', 'inTransaction', 'reminder'],
  session: ['max', 'idle', 'auth'],
  login: ['idle', 'max'],
  identity: Object.keys(identity.shape),
  'identity.oidc.*': Object.keys(issuer.shape),
  'exports.*': Object.keys(exported.shape),
  'exports.*.target': Object.keys(exportTarget.shape),
  recordings: ['directory', 's3', 'key', 'retention'],
  'recordings.*': Object.keys(s3.shape),
  'recordings.*.credential': ['id', 'secret'],
  'users.*': Object.keys(user.shape),
  notify: Object.keys(notify.shape),
  'identity.scim': Object.keys(scim.shape),
  'notify.email': Object.keys(email.shape),
  'notify.*.credential': ['username', 'password'],
  'notify.push': Object.keys(push.shape),
  'notify.webhook.*': Object.keys(notified.shape),
  'notify.repeat': ['every', 'times'],
  'resources.*': Object.keys(resource.shape),
  'resources.*.credential': ['username', 'password'],
  'resources.*.tls': ['mode', 'ca', 'cert', 'key'],
  'resources.*.functions': ['trusted', 'extensions'],
  'resources.*.catalog': ['maxAge'],
  'resources.*.accounts': Object.keys(accounts.shape),
  'resources.*.accounts.roles': MAPPED_TYPES,
  'resources.*.impact': ['maxCost'],
  'resources.*.recording': ['parameters'],
}
