import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const packages = readdirSync(join(ROOT, 'packages'))

const sources = packages.flatMap((name) => {
  const folder = join('packages', name, 'src')
  if (!existsSync(join(ROOT, folder))) return []
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /[.]tsx?$/.test(path))
    .map((path) => join(folder, path))
})

type Asking = Partial<Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Record<string, string>>>
const asked = ({ dependencies, devDependencies, optionalDependencies }: Asking): Asking => ({ dependencies, devDependencies, optionalDependencies })

describe('the tree', () => {
  test('was found', () => {
    expect(packages).toEqual(expect.arrayContaining(['cli', 'contract', 'core', 'gateway', 'ledger', 'wire']))
    expect(sources.length).toBeGreaterThan(80)
  })

  test.each(sources)('%s is short enough to read at one sitting', (path) => {
    expect(read(path).trimEnd().split('\n').length).toBeLessThanOrEqual(400)
  })

  test('has no barrels: a file that only hands on what others export', () => {
    const barrels = sources.filter((path) =>
      read(path)
        .split('\n')
        .filter((line) => line.trim() !== '')
        .every((line) => line.startsWith('export * from')),
    )
    expect(barrels).toEqual([])
  })

  test('names its dependencies by integrity, never by the address they came from', () => {
    const lock = read('package-lock.json')
    const { packages } = z.object({ packages: z.record(z.string(), z.object({ resolved: z.string().optional() })) }).parse(JSON.parse(lock))
    const addresses = Object.values(packages).flatMap(({ resolved = '' }) => (URL.canParse(resolved) ? [resolved] : []))
    expect(addresses).toEqual([])
    expect(lock).toContain('"integrity": "sha512-')
  })

  // `npm test` installs without saving, because npm 10 would write the lock file in its own way; so nothing else would tell.
  test.each(['', ...packages.map((name) => `packages/${name}`)])('has a lock file that knows what %s/package.json asks for', (folder) => {
    const lock: { packages: Record<string, Asking> } = JSON.parse(read('package-lock.json'))
    expect(asked(lock.packages[folder] ?? {})).toEqual(asked(JSON.parse(read(join(folder, 'package.json')))))
  })

  test('numbers its decisions one by one, each with context, choice and what would reverse it', () => {
    const decisions = readdirSync(join(ROOT, 'decisions')).toSorted()
    expect(decisions.map((name) => name.slice(0, 5))).toEqual(decisions.map((_, index) => `${String(index + 1).padStart(4, '0')}-`))
    const incomplete = decisions.filter(
      (name) => !['## Context', '## Choice', '## What would reverse it'].every((heading) => read(`decisions/${name}`).includes(heading)),
    )
    expect(incomplete).toEqual([])
  })
})
