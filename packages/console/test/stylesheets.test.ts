import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const SOURCES = join(import.meta.dirname, '../src')
const read = (path: string) => readFileSync(join(SOURCES, path), 'utf8')
const used = new Set(
  readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((path) => /[.]tsx?$/.test(path))
    .flatMap((path) => [...read(path).matchAll(/import \{([^}]*)\} from '@mantine\/core'/g)])
    .flatMap(([, names = '']) => names.split(',').map((name) => name.trim())),
)
const styled = (name: string) => existsSync(new URL(import.meta.resolve(`@mantine/core/styles/${name}.css`)))

test('every component of Mantine that a page uses has its stylesheet', () => {
  const wanted = [...used].filter((name) => /^[A-Z]/.test(name) && styled(name))
  expect(wanted.length).toBeGreaterThan(10)
  expect(wanted.filter((name) => !read('theme/mantine.ts').includes(`/styles/${name}.css`))).toEqual([])
})
