import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { CliError } from './error.ts'

const NAME = 'countersign.yaml'

/** The configuration file: the one that was named, else `./countersign.yaml`, else the one beside the data directory. `why` begins what is said when there is none. */
export function findConfig(named: string | undefined, data: string | undefined, why = 'there is no configuration file'): string {
  const candidates = named === undefined ? [resolve(NAME), ...(data === undefined ? [] : [join(dirname(resolve(data)), NAME)])] : [resolve(named)]
  const found = candidates.find((file) => existsSync(file))
  if (found !== undefined) return found
  throw new CliError(
    'failed',
    `${why}: looked for ${[...new Set(candidates)].join(' and ')}`,
    'name it with --config FILE; docs/configuration.md shows what to write, and `countersign demo` needs none',
  )
}
