import type { S3Bucket } from './config.ts'
import { absolute } from './resource.ts'
import type { RawRecordings } from './schema.ts'

/** A bucket as it is configured; the path of its secret is absolute. */
export function readBucket({ endpoint, prefix, credential, ...rest }: NonNullable<RawRecordings['s3']>, folder: string): S3Bucket {
  return {
    ...rest,
    endpoint: endpoint.replace(/\/+$/, ''),
    prefix: prefix === undefined ? '' : `${prefix}/`,
    credential: { id: credential.id, secret: absolute(credential.secret, folder) },
  }
}
