import { isIP } from 'node:net'
import { resolve } from 'node:path'
import type { Accounts, Resource, SecretSource } from './config.ts'
import type { RawResource } from './schema.ts'
import type { Path } from './source.ts'

/** Tells about a problem with the key at `path`, which is relative to the resource. */
export type Report = (path: Path, message: string) => void

/** One resource with its URL taken apart and its paths absolute; null when something was reported. */
export function readResource(name: string, raw: RawResource, folder: string, report: Report): Resource | null {
  const target = readTarget(raw.url, report)
  if (target === null) return null
  const { username, password } = raw.credential
  return {
    name,
    protocol: raw.protocol,
    ...target,
    credential: { username, password: password === undefined ? null : absolute(password, folder) },
    tls: readTls(raw.tls, target.host, folder, report),
    labels: raw.labels,
    mode: raw.mode,
    onHold: raw.onHold,
    durability: raw.durability,
    functions: raw.functions,
    catalog: { maxAgeMs: raw.catalog.maxAge },
    accounts: readAccounts(raw.accounts, username, report),
    impact: raw.impact,
    recording: raw.recording,
  }
}

/** No message repeats the URL: it may hold a password that should not be there. */
function readTarget(text: string, report: Report): Pick<Resource, 'host' | 'port' | 'database'> | null {
  const expected = 'expected postgres://host:5432/database'
  const url = URL.parse(text)
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === '') return refuse(expected)
  if (url.username !== '' || url.password !== '') return refuse('no user and no password in the url: they belong under credential')
  if (url.search !== '' || url.hash !== '') return refuse(`no parameters in the url: tls and the rest have keys of their own; ${expected}`)
  const database = decode(url.pathname.slice(1))
  if (!database || database.includes('/') || database.includes('\0')) return refuse(`the url names no database; ${expected}`)
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: url.port === '' ? 5432 : Number(url.port), database }

  function refuse(message: string): null {
    report(['url'], message)
    return null
  }
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return null
    throw error
  }
}

function readTls(raw: RawResource['tls'], host: string, folder: string, report: Report): Resource['tls'] {
  if (raw.mode === 'disable') {
    for (const key of ['ca', 'cert', 'key'] as const)
      if (raw[key] !== undefined) report(['tls', key], `a ${key} says nothing with mode: disable; remove one of them`)
  }
  if (raw.cert !== undefined && raw.key === undefined) report(['tls', 'cert'], 'a cert needs the key that belongs to it: add key: FILE')
  if (raw.key !== undefined && raw.cert === undefined) report(['tls', 'key'], 'a key needs the certificate that belongs to it: add cert: FILE')
  const file = (path: string | undefined) => (path === undefined ? null : resolve(folder, path))
  const named = raw.ca !== undefined || raw.cert !== undefined
  return { mode: raw.mode ?? defaultMode(host, named), ca: file(raw.ca), cert: file(raw.cert), key: file(raw.key) }
}

/** On the host itself nobody is between; anywhere else, and wherever a ca or a certificate is named, the server proves who it is. */
function defaultMode(host: string, named: boolean): Resource['tls']['mode'] {
  return !named && isLoopback(host) ? 'disable' : 'verify-full'
}

function readAccounts(raw: RawResource['accounts'], username: string, report: Report): Accounts {
  if (raw.mode === 'shared') {
    for (const key of ['roles', 'owner'] as const)
      if (raw[key] !== undefined) report(['accounts', key], `${key} says nothing with mode: shared; add mode: ephemeral`)
    return { mode: 'shared' }
  }
  const roles = raw.roles ?? {}
  if (Object.keys(roles).length === 0)
    report(['accounts'], 'mode: ephemeral needs roles, such as { read: [app_read], write: [app_write] }: a new account may do nothing without them')
  for (const [type, names] of Object.entries(roles)) {
    if (names?.includes(username))
      report(['accounts', 'roles', type], `the credential's own role ${username} may make and remove accounts, so no account gets it`)
  }
  return { mode: 'ephemeral', roles, owner: raw.owner ?? null }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** A file, and a program that is named by its path, are found from the configuration's folder. */
export function absolute(source: SecretSource, folder: string): SecretSource {
  if ('file' in source) return { file: resolve(folder, source.file) }
  if ('exec' in source) {
    const [program = '', ...rest] = source.exec
    return { exec: [program.includes('/') ? resolve(folder, program) : program, ...rest] }
  }
  return source
}
