import { z } from 'zod'
import type { WorkerConfig } from '../config/config.ts'
import type { PolicyProblem } from '../policy/error.ts'
import type { PolicyFile } from '../policy/load.ts'

/** What a worker is started with. */
export interface Start {
  readonly config: WorkerConfig
  /** From 1. */
  readonly number: number
  readonly policies: readonly PolicyFile[]
}

/** How a worker stands, told twice a second. */
export interface Report {
  /** The latest entry of its journal. */
  readonly seq: number
  /** Null while its journal can be written; else why not. */
  readonly broken: string | null
  /** Null while the store answers it; else what its clients are told. */
  readonly silence: string | null
}

export const REPORT_EVERY_MS = 500

export const reportShape: z.ZodType<readonly [Report]> = z.tuple([
  z.strictObject({ seq: z.int().min(0), broken: z.string().nullable(), silence: z.string().nullable() }),
])

/** A cancel request on its way to the worker that gave out its key: the secret is in base64. */
export const keyShape: z.ZodType<readonly [number, string]> = z.tuple([z.int(), z.base64().max(400)])

/** A database of which somebody has changed what names mean. */
export const databaseShape: z.ZodType<readonly [string]> = z.tuple([z.string().max(4_096)])

/** Keys of people that were erased. */
export const keysShape: z.ZodType<readonly string[]> = z.array(z.string().max(200))

export const problemsShape: z.ZodType<readonly PolicyProblem[]> = z.array(
  z.strictObject({ file: z.string(), line: z.int(), column: z.int(), policy: z.string().nullable(), message: z.string() }),
)

/** What prom-client makes of one process; its own check of the rest comes with adding it up. */
export const metricsShape: z.ZodType<object[]> = z.array(z.looseObject({ name: z.string(), type: z.string(), values: z.array(z.looseObject({})) }))
