import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import { generate } from 'selfsigned'
import type { Config } from '../config/config.ts'

/** The gateway's own identity on the wire. `certificate` is PEM and may be shown to anybody. */
export interface Identity {
  readonly certificate: string
  readonly key: string
  readonly context: SecureContext
}

const YEARS_MS = 5 * 365 * 86_400_000

/** The operator's certificate, or one made at first start and kept in the data directory. */
export async function loadCertificate(config: Pick<Config, 'tls' | 'data' | 'url' | 'listen'>): Promise<Identity> {
  const files = config.tls ?? { cert: join(config.data, 'tls', 'cert.pem'), key: join(config.data, 'tls', 'key.pem') }
  if (config.tls === null && !existsSync(files.cert)) await makeCertificate(config, files)
  const [certificate, key] = await Promise.all([readFile(files.cert, 'utf8'), readFile(files.key, 'utf8')])
  if (new X509Certificate(certificate).validToDate.getTime() < Date.now())
    throw new Error(`the certificate ${files.cert} has expired; replace it, or remove it and its key to have a new one made`)
  return { certificate, key, context: createSecureContext({ cert: certificate, key, minVersion: 'TLSv1.2' }) }
}

/** Names every way this gateway may be reached by, so that `sslmode=verify-full` works with the certificate as root. */
async function makeCertificate(config: Pick<Config, 'data' | 'url' | 'listen'>, files: { readonly cert: string; readonly key: string }): Promise<void> {
  const names = new Set(['localhost', new URL(config.url).hostname, config.listen.http.host, config.listen.postgres.host].filter((name) => !isAddress(name)))
  const addresses = new Set(['127.0.0.1', '::1', config.listen.http.host, config.listen.postgres.host].filter((name) => isAddress(name)))
  const made = await generate([{ name: 'commonName', value: new URL(config.url).hostname }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - 3_600_000),
    notAfterDate: new Date(Date.now() + YEARS_MS),
    extensions: [
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [...[...names].map((value) => ({ type: 2 as const, value })), ...[...addresses].map((ip) => ({ type: 7 as const, ip }))],
      },
    ],
  })
  await mkdir(join(config.data, 'tls'), { recursive: true, mode: 0o700 })
  await writeFile(files.key, made.private, { mode: 0o600 })
  await writeFile(files.cert, made.cert, { mode: 0o644 })
}

const isAddress = (name: string) => /^[\d.]+$/.test(name) || name.includes(':')
