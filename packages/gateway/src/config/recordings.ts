import { resolve } from 'node:path'
import type { RecordingsConfig } from './config.ts'
import { readBucket } from './bucket.ts'
import { absolute } from './resource.ts'
import type { RawRecordings } from './schema.ts'

/** Paths are absolute; the schema has seen to it that there is one place. */
export function readRecordings({ directory, s3, key, retention }: RawRecordings, folder: string): RecordingsConfig {
  return {
    place: s3 ? { s3: readBucket(s3, folder) } : { directory: resolve(folder, directory ?? '') },
    key: key ? absolute(key, folder) : null,
    retentionMs: retention ?? null,
  }
}
