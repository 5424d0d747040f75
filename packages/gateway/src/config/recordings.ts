import { resolve } from 'node:path'
import type { RecordingsConfig, S3Bucket } from './config.ts'
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

function readBucket({ endpoint, prefix, credential, ...rest }: NonNullable<RawRecordings['s3']>, folder: string): S3Bucket {
  return {
    ...rest,
    endpoint: endpoint.replace(/\/+$/, ''),
    prefix: prefix === undefined ? '' : `${prefix}/`,
    credential: { id: credential.id, secret: absolute(credential.secret, folder) },
  }
}
