import { resolve } from 'node:path'
import type { Command } from 'commander'
import { define, perform } from '../command.ts'
import { findConfig } from '../config-file.ts'
import { follow, spawnGateway } from '../gateway.ts'

/** Runs the gateway in this terminal until it is told to stop; its exit code is this command's. */
export function addStart(program: Command): void {
  define(program, 'start', 'Run the gateway', ['countersign start', 'countersign start --config /etc/countersign/countersign.yaml --data /var/lib/countersign'])
    .option('--config <file>', 'its configuration (default: ./countersign.yaml, else beside --data)')
    .option('--data <dir>', "its data directory (default: the configuration's)")
    .action(
      perform(async (_out, { config, data }: { readonly config?: string; readonly data?: string }) => {
        const file = findConfig(config, data)
        return follow(spawnGateway(['start', '--config', file, ...(data === undefined ? [] : ['--data', resolve(data)])], 'inherit'))
      }),
    )
}
