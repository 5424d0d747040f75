import type { WitnessConfig } from '../config/config.ts'
import { FileWitness } from './file.ts'
import { S3Witness } from './s3.ts'
import { TlogWitness } from './tlog.ts'
import { WebhookWitness } from './webhook.ts'
import type { Witness } from './witness.ts'

/** Nothing is asked of it yet. */
export function openWitness(config: WitnessConfig): Witness {
  switch (config.kind) {
    case 'file':
      return new FileWitness(config.path)
    case 'webhook':
      return new WebhookWitness(config.url, config.secret)
    case 'tlog':
      return new TlogWitness(config.url, config.key)
    case 's3':
      return new S3Witness(config.bucket, config.retainMs)
  }
}
