import type { Logger } from 'pino'
import { type Report, checkTarget } from './adapters/postgres/check/run.ts'
import type { Config, Resource } from './config/config.ts'
import { targetOf } from './net/dial.ts'

/** Looks at the target of a resource for what is wrong with it. Never rejects. */
export function checkResource(config: Config, resource: Resource, signal: AbortSignal): Promise<Report> {
  return checkTarget(targetOf(config, resource, null), signal)
}

/** Looks at all targets, one after the other, and tells the operator's log what is wrong. A gateway does not wait for it. */
export async function checkAll(config: Config, log: Logger, signal: AbortSignal): Promise<void> {
  for (const resource of Object.values(config.resources)) {
    const { findings } = await checkResource(config, resource, signal)
    if (signal.aborted) return
    for (const finding of findings) log.warn({ resource: resource.name, ...finding }, 'resource check')
  }
}
