import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'tsdown'
import published from '../../../packages/cli/tsdown.config.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** A gateway as it is published: one that is started hundreds of times starts in half of the processor time that the sources take. */
export interface BundledGateway {
  readonly program: string
  remove(): void
}

export async function bundleGateway(): Promise<BundledGateway> {
  // Where packages are found from.
  const outDir = mkdtempSync(join(ROOT, 'node_modules/.countersign-bundled-'))
  await build({ ...published, config: false, cwd: join(ROOT, 'packages/cli'), outDir, copy: [], logLevel: 'warn' })
  return { program: join(outDir, 'gateway.js'), remove: () => rmSync(outDir, { recursive: true, force: true }) }
}
