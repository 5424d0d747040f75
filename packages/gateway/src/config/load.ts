import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import type { Config, ExportTarget, Resource, SecretSource } from './config.ts'
import { ConfigError, type ConfigProblem } from './error.ts'
import { readExports } from './exports.ts'
import { checkIdentity, readIdentity } from './identity.ts'
import { suggestion } from './nearest.ts'
import { readNotify } from './notify.ts'
import { readRecordings } from './recordings.ts'
import { readResource } from './resource.ts'
import { readWitness } from './witness.ts'
import { configSchema, KNOWN_KEYS, type RawConfig } from './schema.ts'
import { type Path, type Position, YamlSource } from './source.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads and validates `countersign.yaml`. Every environment variable, file and folder that it names must be there now;
 * secrets themselves are read at each use. Throws ConfigError with all problems found.
 */
export function loadConfig(file: string, environment: Environment = process.env): Config {
  const path = resolve(file)
  const source = parse(path)
  const raw = validate(path, source)
  const problems: ConfigProblem[] = []
  const report = (key: Path, message: string) => void problems.push({ file: path, key: nameOf(key), message, ...source.at(key) })
  const config = assemble(path, raw, environment, report)
  checkFiles(config, report)
  checkDurability(config, report)
  checkIdentity(config, report)
  checkSecrets(config, environment, report)
  if (problems.length > 0) throw new ConfigError(problems)
  return config
}

type Report = (path: Path, message: string) => void

const nameOf = (path: Path) => path.map(String).join('.')

function parse(file: string): YamlSource {
  const fail = (message: string) => new ConfigError([{ file, line: 1, column: 1, key: '', message }])
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw fail(`cannot be read (${codeOf(error)})`)
  }
  const source = new YamlSource(text)
  const malformed = source.malformed()
  if (malformed.length > 0) throw new ConfigError(malformed.map((problem) => ({ file, key: '', ...problem })))
  return source
}

function validate(file: string, source: YamlSource): RawConfig {
  const parsed = configSchema.safeParse(valueOf(file, source))
  if (parsed.success) return parsed.data
  throw new ConfigError(parsed.error.issues.flatMap((issue) => problemsOf(issue, source).map((problem) => ({ file, ...problem }))))
}

function valueOf(file: string, source: YamlSource): unknown {
  try {
    return source.value() ?? {}
  } catch (error) {
    throw new ConfigError([{ file, line: 1, column: 1, key: '', message: `too many aliases (${codeOf(error)})` }])
  }
}

function problemsOf(issue: z.core.$ZodIssue, source: YamlSource): readonly (Position & { key: string; message: string })[] {
  const { path } = issue
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const message = `unknown key${suggestion(key, knownAt(path))}`
      return { ...source.atKey([...path, key]), key: nameOf([...path, key]), message }
    })
  }
  if (issue.code === 'invalid_key') {
    return [{ ...source.atKey(path), key: nameOf(path), message: issue.issues.map(({ message }) => message).join('; ') }]
  }
  return [{ ...source.at(path), key: nameOf(path), message: issue.message.replace(/^Invalid (?:input|option): /, '') }]
}

/** Places in lists, and names of users and resources, are replaced by `*` to find what may stand there. */
function knownAt(path: Path): readonly string[] {
  const listed = path.map((key) => (typeof key === 'number' ? '*' : key))
  return KNOWN_KEYS[nameOf(listed)] ?? KNOWN_KEYS[nameOf(listed.map((key, index) => (index === 1 ? '*' : key)))] ?? []
}

function assemble(file: string, raw: RawConfig, environment: Environment, report: Report): Config {
  const folder = dirname(file)
  const read = Object.entries(raw.resources).map(([name, resource]) =>
    readResource(name, resource, folder, (path, message) => report(['resources', name, ...path], message)),
  )
  const { http } = raw.listen
  const url = (raw.url ?? `http://${http.host.includes(':') ? `[${http.host}]` : http.host}:${http.port}`).replace(/\/+$/, '')
  return {
    file,
    url,
    listen: raw.listen,
    store: readStore(raw.store, environment, report),
    data: resolve(folder, raw.data),
    tls: raw.tls ? { cert: resolve(folder, raw.tls.cert), key: resolve(folder, raw.tls.key) } : null,
    users: Object.fromEntries(Object.entries(raw.users).map(([name, user]) => [name, { ...user, name: user.name ?? null, email: user.email ?? null }])),
    identity: readIdentity(raw.identity, folder),
    groups: raw.groups,
    labels: raw.labels,
    resources: Object.fromEntries(read.filter((resource): resource is Resource => resource !== null).map((resource) => [resource.name, resource])),
    hold: { connectMs: raw.hold.connect, inTransactionMs: raw.hold.inTransaction, reminderMs: raw.hold.reminder },
    session: { maxMs: raw.session.max, idleMs: raw.session.idle ?? null, auth: raw.session.auth },
    login: { idleMs: raw.login.idle, maxMs: raw.login.max },
    policies: resolve(folder, raw.policies),
    exports: readExports(raw.exports, folder, (path, message) => report(['exports', ...path], message)),
    witnesses: raw.witness.map((each, index) => readWitness(each, folder, (path, message) => report(['witness', index, ...path], message))),
    recordings: raw.recordings ? readRecordings(raw.recordings, folder) : null,
    notify: readNotify(raw.notify, url, folder, (path, message) => report(['notify', ...path], message)),
    workers: raw.workers === 'auto' ? workersFor(availableParallelism()) : raw.workers,
  }
}

/** One core is left to the store, the API and the system. With two or fewer a second process would only take turns with the first. */
const workersFor = (cores: number) => Math.max(1, Math.min(cores - 1, MAX_AUTO_WORKERS))
const MAX_AUTO_WORKERS = 8

function readStore(raw: RawConfig['store'], environment: Environment, report: Report): Config['store'] {
  if (raw === 'sqlite') return { kind: 'sqlite' }
  if (typeof raw === 'string') return { kind: 'postgres', url: raw }
  const url = environment[raw.url.env] ?? ''
  const key = ['store', 'url', 'env']
  if (url === '') report(key, unset(raw.url.env))
  else if (!/^postgres(ql)?:\/\/./.test(url)) report(key, `environment variable ${raw.url.env} holds no postgres:// address`)
  return { kind: 'postgres', url }
}

const unset = (name: string) => `environment variable ${name} is not set`

function checkDurability({ store, resources }: Config, report: Report): void {
  if (store.kind === 'postgres') return
  for (const { name, durability } of Object.values(resources)) {
    if (durability !== 'store') continue
    const message = 'a record in SQLite goes with this host: use durability: disk, or a store elsewhere, such as store: { url: { env: STORE_URL } }'
    report(['resources', name, 'durability'], message)
  }
}

function checkFiles(config: Config, report: Report): void {
  if (config.tls) {
    checkFile(config.tls.cert, ['tls', 'cert'], report)
    checkFile(config.tls.key, ['tls', 'key'], report)
  }
  for (const { name, tls } of Object.values(config.resources)) {
    for (const key of ['ca', 'cert', 'key'] as const) {
      const file = tls[key]
      if (file !== null) checkFile(file, ['resources', name, 'tls', key], report)
    }
  }
  for (const [index, { target }] of config.exports.entries()) {
    for (const [key, file] of filesOf(target)) checkFile(file, ['exports', index, 'target', key], report)
    if (target.kind === 'file' && !statSync(dirname(target.path), { throwIfNoEntry: false })?.isDirectory())
      report(['exports', index, 'target', 'file'], `${dirname(target.path)} is no folder; make it, and only the gateway needs to write there`)
  }
  const { email, webhooks, push } = config.notify
  const trusted = [[['email'], email], [['push'], push], ...webhooks.map((each, index) => [['webhook', index], each] as const)] as const
  for (const [path, channel] of trusted) if (channel && channel.ca !== null) checkFile(channel.ca, ['notify', ...path, 'ca'], report)
  if (!statSync(config.policies, { throwIfNoEntry: false })?.isDirectory()) report(['policies'], `${config.policies} is no folder`)
}

function checkFile(file: string, key: Path, report: Report): void {
  try {
    accessSync(file, constants.R_OK)
    if (!statSync(file).isDirectory()) return
    report(key, `${file} is a folder, not a file`)
  } catch (error) {
    report(key, `${file} cannot be read (${codeOf(error)})`)
  }
}

function checkSecrets(config: Config, environment: Environment, report: Report): void {
  for (const { name, credential } of Object.values(config.resources)) {
    const key = ['resources', name, 'credential', 'password']
    if (credential.password !== null) checkSecret(credential.password, key, environment, report)
  }
  config.identity.oidc.forEach(({ clientSecret }, index) => checkSecret(clientSecret, ['identity', 'oidc', index, 'clientSecret'], environment, report))
  config.witnesses.forEach((witness, index) => {
    if (witness.kind === 'webhook') checkSecret(witness.secret, ['witness', index, 'secret'], environment, report)
    if (witness.kind === 's3') checkSecret(witness.bucket.credential.secret, ['witness', index, 's3', 'credential', 'secret'], environment, report)
  })
  for (const [index, { target }] of config.exports.entries())
    if (target.kind === 'webhook') checkSecret(target.secret, ['exports', index, 'target', 'secret'], environment, report)
  checkNotifySecrets(config.notify, environment, report)
  if (config.identity.scim) checkSecret(config.identity.scim.token, ['identity', 'scim', 'token'], environment, report)
  if (config.recordings === null) return
  const { key, place } = config.recordings
  if (key !== null) checkSecret(key, ['recordings', 'key'], environment, report)
  if ('s3' in place) checkSecret(place.s3.credential.secret, ['recordings', 's3', 'credential', 'secret'], environment, report)
}

function checkNotifySecrets({ email, webhooks }: Config['notify'], environment: Environment, report: Report): void {
  if (email?.credential) checkSecret(email.credential.password, ['notify', 'email', 'credential', 'password'], environment, report)
  webhooks.forEach(({ secret }, index) => checkSecret(secret, ['notify', 'webhook', index, 'secret'], environment, report))
}

/** What must be readable. */
function filesOf(target: ExportTarget): readonly (readonly [key: string, file: string])[] {
  const named = target.kind === 'syslog' ? target.tls : target.kind === 'webhook' ? { ca: target.ca } : {}
  return Object.entries(named).flatMap(([key, file]) => (file === null ? [] : [[key, file] as const]))
}

function checkSecret(source: SecretSource, key: Path, environment: Environment, report: Report): void {
  if ('env' in source && !environment[source.env]) report([...key, 'env'], unset(source.env))
  if ('file' in source) checkFile(source.file, [...key, 'file'], report)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : error instanceof Error ? error.name : 'unknown'
}
