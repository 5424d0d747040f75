import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { headsOf } from './page.ts'

test('docs/drivers.md has a column for every client that is driven here, and for no other', () => {
  const texts = readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(import.meta.dirname, file), 'utf8'))
  const driven = texts.flatMap((text) => /^ {2}name: '(.+)',$/m.exec(text)?.[1] ?? [])
  expect(driven.length).toBeGreaterThan(1)
  expect([...headsOf()].sort()).toEqual(driven.sort())
})
