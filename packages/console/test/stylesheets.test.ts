import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

const SOURCES = join(import.meta.dirname, '../src')
const FILES = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
const read = (path: string) => readFileSync(join(SOURCES, path), 'utf8')
const components = FILES.filter((path) => /[.]tsx?$/.test(path))
const used = new Set(
  components
    .flatMap((path) => [...read(path).matchAll(/import \{([^}]*)\} from '@mantine\/core'/g)])
    .flatMap(([, names = '']) => names.split(',').map((name) => name.trim())),
)
const styled = (name: string) => existsSync(new URL(import.meta.resolve(`@mantine/core/styles/${name}.css`)))

test('every component of Mantine that a page uses has its stylesheet', () => {
  const wanted = [...used].filter((name) => /^[A-Z]/.test(name) && styled(name))
  expect(wanted.length).toBeGreaterThan(10)
  expect(wanted.filter((name) => !read('theme/mantine.ts').includes(`/styles/${name}.css`))).toEqual([])
})

/** `stylesheet .class`, for each class that a component takes from one. */
const taken = components.flatMap((path) => {
  const source = read(path)
  const stylesheet = /import classes from '([^']+)'/.exec(source)?.[1]
  const from = stylesheet === undefined ? '' : relative(SOURCES, join(SOURCES, dirname(path), stylesheet))
  return [...source.matchAll(/\bclasses[.](\w+)/g)].map(([, name]) => `${from} .${name}`)
})
const defined = FILES.filter((path) => path.endsWith('.module.css')).flatMap((path) =>
  [...read(path).matchAll(/[.]([a-zA-Z]\w*)(?=[^{}]*\{)/g)].map(([, name]) => `${path} .${name}`),
)

test('a component takes no class that its stylesheet has not, and none is there for nobody', () => {
  expect(defined.length).toBeGreaterThan(50)
  expect([...new Set(taken)].filter((each) => !defined.includes(each))).toEqual([])
  expect([...new Set(defined)].filter((each) => !taken.includes(each))).toEqual([])
})
