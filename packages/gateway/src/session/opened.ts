import type { Grant } from '@countersign/core/grant'
import type { Purpose } from '../adapters/adapter.ts'
import type { Resource } from '../config/config.ts'
import type { Asker } from '../policy/engine.ts'

/** What a connection is opened with, after `connect` itself was allowed. */
export interface Opened extends Asker {
  readonly id: string
  readonly token: string
  readonly resource: Resource
  readonly grant: Grant | null
  readonly endsAt: number
  readonly purpose: Purpose
}
