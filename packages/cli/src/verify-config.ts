import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { CliError } from './error.ts'

/** Where a gateway has its store: a file in its data directory, or a database whose address may hold a password. */
export type StorePlace = { readonly kind: 'sqlite' } | { readonly kind: 'postgres'; readonly url: string }

/** What verifying a data directory takes from its gateway's configuration. */
export interface VerifyConfig {
  readonly store: StorePlace
  /** The folder of its recordings; null for a bucket, and where none are kept. */
  readonly recordings: string | null
}

const POSTGRES = /^postgres(ql)?:\/\/./

const Configured = z.object({
  store: z.union([z.literal('sqlite'), z.string().regex(POSTGRES), z.object({ url: z.object({ env: z.string() }) })]).default('sqlite'),
  recordings: z.object({ directory: z.string().optional() }).optional(),
})

/** Throws CliError for a file that is no configuration, and for an address that is not in the environment. */
export function readVerifyConfig(file: string): VerifyConfig {
  const { store, recordings } = read(file)
  return { store: placeOf(store, file), recordings: recordings?.directory === undefined ? null : resolve(dirname(file), recordings.directory) }
}

function read(file: string): z.infer<typeof Configured> {
  try {
    return Configured.parse(parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    throw new CliError('failed', `${file} is not read as a configuration`, 'name the countersign.yaml of this gateway after --config', { cause })
  }
}

function placeOf(store: z.infer<typeof Configured>['store'], file: string): StorePlace {
  if (store === 'sqlite') return { kind: 'sqlite' }
  if (typeof store === 'string') return { kind: 'postgres', url: store }
  const { env } = store.url
  const url = process.env[env] ?? ''
  if (POSTGRES.test(url)) return { kind: 'postgres', url }
  throw new CliError(
    'failed',
    `${file} has the address of its store in the environment variable ${env}, which ${url === '' ? 'is not set' : 'holds no postgres:// address'}`,
    `set ${env} as the gateway has it, or to an address of the same database with a role that may only read`,
  )
}
