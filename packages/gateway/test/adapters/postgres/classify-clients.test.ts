import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { classify, loadGrammar } from '../../../src/adapters/postgres/classify.ts'

await loadGrammar()

/** Each query is headed by `-- ## who: when`. */
function queries(file: string): readonly (readonly [string, string])[] {
  const text = readFileSync(new URL(`fixtures/${file}`, import.meta.url), 'utf8')
  const parts = text.split(/^-- ## /m).slice(1)
  return parts.map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)])
}

describe.each(['psql.sql', 'clients.sql'])('%s', (file) => {
  it('is there', () => expect(queries(file).length).toBeGreaterThan(30))

  it.each(queries(file))('%s runs unheld', (_, query) => {
    const { type, statements } = classify(query, { trusted: [] })
    expect({ type, because: statements.map(({ because }) => because) }).toMatchObject({ type: expect.stringMatching(/^sql:(session|read)$/) })
  })
})
