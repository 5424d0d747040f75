import { resolve } from 'node:path'
import { LedgerError } from '@countersign/ledger/error'
import { KeyType, parseKey } from '@countersign/ledger/key'
import { readBucket } from './bucket.ts'
import type { WitnessConfig } from './config.ts'
import { absolute } from './resource.ts'
import type { RawConfig } from './schema.ts'
import type { Report } from './resource.ts'

/** One witness, its paths absolute. A key that is none is reported; it is kept as it stands. */
export function readWitness(raw: RawConfig['witness'][number], folder: string, report: Report): WitnessConfig {
  if ('file' in raw) return { kind: 'file', path: resolve(folder, raw.file) }
  if ('webhook' in raw) return { kind: 'webhook', url: raw.webhook, secret: absolute(raw.secret, folder) }
  if ('s3' in raw) return { kind: 's3', bucket: readBucket(raw.s3, folder), retainMs: raw.retain }
  const why = wrongKey(raw.key)
  if (why !== null) report(['key'], why)
  return { kind: 'tlog', url: raw.tlog, key: raw.key }
}

function wrongKey(text: string): string | null {
  try {
    return parseKey(text).type === KeyType.cosignature ? null : 'this is the key of a log; that of a witness has type 4 (C2SP tlog-cosignature)'
  } catch (error) {
    if (error instanceof LedgerError) return `expected the key of a witness, NAME+ID+BASE64: ${error.message}`
    throw error
  }
}
