import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { READING_FUNCTIONS, REFUSED_FUNCTIONS, WRITING_FUNCTIONS } from '../../../src/adapters/postgres/classify/functions.ts'
import { NODES } from '../../../src/adapters/postgres/classify/nodes.ts'
import { SESSION_SETTINGS } from '../../../src/adapters/postgres/classify/settings.ts'
import { NOT_STATEMENTS, STATEMENTS } from '../../../src/adapters/postgres/classify/statements.ts'

const resolve = createRequire(createRequire(import.meta.url).resolve('libpg-query/package.json')).resolve
const grammar = readFileSync(resolve('@pgsql/types/types.d.ts'), 'utf8')
const document = readFileSync(new URL('../../../../../docs/sql-types.md', import.meta.url), 'utf8')
const volatile = readFileSync(new URL('fixtures/volatile-functions.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n')

/** The names of the Node union of the grammar's types, and the fields of each. */
const nodes = [...(/export type Node = (.*?)\nexport interface/s.exec(grammar)?.[1] ?? '').matchAll(/^ {4}(\w+): /gm)].flatMap((match) => match[1] ?? [])
const fieldsOf = (kind: string) =>
  [...(new RegExp(`export interface ${kind} \\{(.*?)\\n\\}`, 's').exec(grammar)?.[1] ?? '').matchAll(/^ {4}(\w+)\??:/gm)].flatMap((match) => match[1] ?? [])

describe('the table of statements', () => {
  it('has every statement of the grammar, and nothing else', () => {
    const statements = nodes.filter((name) => name.endsWith('Stmt') && !NOT_STATEMENTS.includes(name))
    expect(statements.length).toBeGreaterThan(100)
    expect(Object.keys(STATEMENTS).toSorted()).toEqual(statements.toSorted())
  })

  it('is what docs/sql-types.md shows', () => {
    const rows = [...document.matchAll(/^\| `(\w+Stmt)` \|.*?\| `(sql:\w+)` \|/gm)].map(([, node, type]) => [node, type])
    expect(rows).toEqual(Object.entries(STATEMENTS))
  })

  it('comes with the settings that docs/sql-types.md shows', () => {
    expect([...document.matchAll(/^- `([\w.]+)`$/gm)].map(([, name]) => name)).toEqual([...SESSION_SETTINGS])
  })
})

describe('the nodes that the walker knows', () => {
  it.each([...NODES])('%s has these fields in the grammar', (kind, fields) => {
    expect(nodes).toContain(kind)
    expect(fieldsOf(kind)).toEqual(expect.arrayContaining(Object.keys(fields)))
    for (const inner of Object.values(fields)) if (inner !== null) expect(NODES.has(inner)).toBe(true)
  })
})

describe('the lists of functions', () => {
  it('say something about every volatile function of PostgreSQL 15 and 18', () => {
    expect(volatile.length).toBeGreaterThan(200)
    const listed = (name: string) => READING_FUNCTIONS.has(name) || WRITING_FUNCTIONS.has(name) || REFUSED_FUNCTIONS.has(name)
    expect(volatile.filter((name) => !listed(name))).toEqual([])
  })

  it('have no function in two of them', () => {
    const all = [...READING_FUNCTIONS, ...WRITING_FUNCTIONS, ...REFUSED_FUNCTIONS]
    expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([])
  })

  it('let nothing read that has an effect, reads files or runs SQL text', () => {
    const harmful =
      /^(lo_|dblink|pg_(read|ls|create|drop|logical|replication|terminate|cancel|reload|switch|promote|import|restore)_|pg_(try_)?advisory|pg_stat_reset|binary_upgrade)|_to_xml|^ts_(stat|rewrite)$|^(nextval|setval|set_config|txid_current|pg_current_xact_id|pg_notify)$/
    expect([...READING_FUNCTIONS].filter((name) => harmful.test(name))).toEqual([])
  })
})
