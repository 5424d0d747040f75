import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Config, ExportConfig } from '../config/config.ts'
import type { Store } from '../store/store.ts'
import { Exporter, type ExportStatus } from './exporter.ts'
import { jsonl } from './jsonl.ts'
import { Known } from './known.ts'
import { Ocsf } from './ocsf/ocsf.ts'
import { keysIn, NO_KEYS } from './opening.ts'
import type { Format } from './record.ts'
import { FileTarget } from './targets/file.ts'
import { Syslog } from './targets/syslog.ts'
import type { Target } from './targets/target.ts'
import { Webhook } from './targets/webhook.ts'

export interface ExportsOptions {
  readonly config: Pick<Config, 'exports' | 'data'>
  readonly store: Pick<Store, 'tree' | 'exports' | 'sessions' | 'requests' | 'grants'>
  readonly gateway: { readonly id: string; readonly version: string }
  readonly clock: Clock
  readonly log: Logger
}

/** Every export of the configuration, each by itself. */
export interface Exports {
  statuses(): readonly ExportStatus[]
  stop(): Promise<void>
}

/** A target that stays away is logged when that begins, and then every so often. */
const SAID_AGAIN_MS = 600_000

export function startExports(options: ExportsOptions): Exports {
  const stopping = new AbortController()
  const exporters = options.config.exports.map((config) => exporterOf(config, options))
  const running = exporters.map((exporter) => exporter.run(stopping.signal))
  return {
    statuses: () => exporters.map(({ status }) => status),
    stop: async () => {
      stopping.abort()
      await Promise.all(running)
    },
  }
}

function exporterOf(config: ExportConfig, { config: { data }, store, gateway, clock, log }: ExportsOptions): Exporter {
  const { name, texts } = config
  let saidAt: number | null = null
  return new Exporter({
    name,
    gateway: gateway.id,
    store,
    format: formatOf(config, store, gateway.version),
    target: targetOf(config, gateway.version),
    keys: texts ? keysIn(data, () => clock.monotonic()) : NO_KEYS,
    monotonic: () => clock.monotonic(),
    onTrouble: (error) => {
      if (error === null) log.info({ export: name }, 'an export goes on')
      else if (saidAt === null || clock.monotonic() - saidAt >= SAID_AGAIN_MS) {
        log.error({ export: name, err: error }, 'an export cannot be delivered; it is tried again until it can, and nothing is lost')
        saidAt = clock.monotonic()
      }
      if (error === null) saidAt = null
    },
    onUnreadable: (place) => log.error({ export: name, place }, 'the store does not hold what a gateway wrote there; run `countersign ledger verify`'),
  })
}

/** Also for an export of one moment. */
export function formatOf({ format }: Pick<ExportConfig, 'format'>, store: ConstructorParameters<typeof Known>[0], version: string): Format {
  return format === 'ocsf' ? new Ocsf(new Known(store), version) : jsonl
}

function targetOf({ target }: ExportConfig, version: string): Target {
  switch (target.kind) {
    case 'file':
      return new FileTarget(target.path)
    case 'webhook':
      return new Webhook(target)
    case 'syslog':
      return new Syslog(target, { hostname: hostname(), version })
  }
}
