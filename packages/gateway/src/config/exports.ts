import { resolve } from 'node:path'
import type { ExportConfig, ExportTarget } from './config.ts'
import { absolute, isLoopback } from './resource.ts'
import type { RawExport } from './schema.ts'
import type { Path } from './source.ts'

/** Tells about a problem with the key at `path`, which is relative to `exports`. */
type Report = (path: Path, message: string) => void

type RawTarget = RawExport['target']

const TARGETS = 'expected one of file: PATH, webhook: https://… or syslog: tls://HOST:6514'
const SYSLOG_PORT = 6514

/** Each with its target taken apart and its paths absolute; what was reported is left out. */
export function readExports(raw: readonly RawExport[], folder: string, report: Report): readonly ExportConfig[] {
  const exports: ExportConfig[] = []
  for (const [index, { target, ...rest }] of raw.entries()) {
    if (raw.findIndex(({ name }) => name === rest.name) < index) report([index, 'name'], `there is another export ${rest.name}; its place is kept by its name`)
    const read = readTarget(target, folder, (path, message) => report([index, 'target', ...path], message))
    if (read !== null) exports.push({ ...rest, target: read })
  }
  return exports
}

function readTarget(raw: RawTarget, folder: string, report: Report): ExportTarget | null {
  const kinds = (['file', 'webhook', 'syslog'] as const).filter((kind) => raw[kind] !== undefined)
  if (kinds.length !== 1) return refuse(report, [], TARGETS)
  if (raw.file !== undefined) return without(raw, ['secret', 'ca', 'cert', 'key'], report, { kind: 'file', path: resolve(folder, raw.file) })
  return raw.webhook === undefined ? readSyslog(raw, folder, report) : readWebhook(raw, raw.webhook, folder, report)
}

/** No message repeats the URL: where it goes may be a secret itself. */
function readWebhook(raw: RawTarget, text: string, folder: string, report: Report): ExportTarget | null {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.hash !== '') return refuse(report, ['webhook'], 'expected https://host/path')
  if (url.username !== '' || url.password !== '') return refuse(report, ['webhook'], 'no user and no password in the url: each batch is signed with secret')
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    return refuse(report, ['webhook'], 'expected https: off this machine, what is exported must not go in clear')
  if (raw.secret === undefined) return refuse(report, [], 'a webhook needs secret: { env: NAME }, whsec_ and 24 to 64 random bytes in base64')
  const ca = raw.ca === undefined ? null : resolve(folder, raw.ca)
  return without(raw, ['cert', 'key'], report, { kind: 'webhook', url: url.href, secret: absolute(raw.secret, folder), ca })
}

function readSyslog(raw: RawTarget, folder: string, report: Report): ExportTarget | null {
  const url = URL.parse(raw.syslog ?? '')
  const isBare = url !== null && ['', '/'].includes(url.pathname) && url.search === '' && url.hash === '' && url.username === '' && url.password === ''
  if (!isBare || url.protocol !== 'tls:' || url.hostname === '') return refuse(report, ['syslog'], 'expected tls://HOST:6514; syslog goes over TLS alone')
  if ((raw.cert === undefined) !== (raw.key === undefined)) return refuse(report, [], 'cert and key go together')
  const file = (path: string | undefined) => (path === undefined ? null : resolve(folder, path))
  const target = { kind: 'syslog' as const, host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: url.port === '' ? SYSLOG_PORT : Number(url.port) }
  return without(raw, ['secret'], report, { ...target, tls: { ca: file(raw.ca), cert: file(raw.cert), key: file(raw.key) } })
}

/** A key that does nothing was meant to do something. */
function without(raw: RawTarget, keys: readonly (keyof RawTarget)[], report: Report, target: ExportTarget): ExportTarget {
  for (const key of keys) if (raw[key] !== undefined) report([key], `${key} says nothing for a ${target.kind}; remove it`)
  return target
}

function refuse(report: Report, path: Path, message: string): null {
  report(path, message)
  return null
}
