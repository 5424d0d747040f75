import type { Command } from 'commander'
import { define, perform } from '../command.ts'
import { findConfig } from '../config-file.ts'
import { EXIT } from '../error.ts'
import { follow, spawnGateway } from '../gateway.ts'

/** Checks configuration and policies as the gateway would at start, without starting it. Problems are `file:line:column`. */
export function addPolicyCheck(policy: Command): void {
  define(policy, 'check', 'Check the configuration and its policies; exit code 1 when there is a problem', [
    'countersign policy check',
    'countersign policy check --config staging/countersign.yaml --json',
  ])
    .option('--config <file>', 'the configuration (default: ./countersign.yaml)')
    .action(
      perform(async (out, { config }: { readonly config?: string }) => {
        const file = findConfig(config, undefined)
        const code = await follow(spawnGateway(['policy-check', '--config', file, ...(out.json ? ['--json'] : [])], 'inherit'))
        if (code === EXIT.ok && !out.json) out.note(`no problems in ${file} and its policies`)
        return code
      }),
    )
}
