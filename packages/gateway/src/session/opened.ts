import type { Grant } from '@countersign/core/grant'
import type { Principal } from '@countersign/core/principal'
import type { Purpose } from '../adapters/adapter.ts'
import type { Resource } from '../config/config.ts'

/** What a connection is opened with, after `connect` itself was allowed. */
export interface Opened {
  readonly id: string
  readonly principal: Principal
  readonly token: string
  readonly resource: Resource
  readonly grant: Grant | null
  readonly endsAt: number
  readonly purpose: Purpose
}
