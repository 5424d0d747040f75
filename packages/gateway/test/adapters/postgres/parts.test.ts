import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { classify, loadGrammar } from '../../../src/adapters/postgres/classify.ts'
import { actionOf } from '../../../src/adapters/postgres/readable.ts'

beforeAll(() => loadGrammar())

const partsOf = (text: string) =>
  actionOf({ classified: classify(text, { trusted: [] }), definitions: [] }, []).statements.map(({ part }) => part?.text ?? null)

const statement = fc.constantFrom('SELECT 1', "DELETE FROM orders WHERE note = ';'", 'INSERT INTO orders VALUES (7, $$ ; -- $$)', 'UPDATE é SET ü = 1')
const between = fc.array(fc.constantFrom(';', ' ', '\n', '\t', '-- ; SELECT 1\n', '/* DELETE FROM orders; /* é */ */', '-- 𝔘\n'), { maxLength: 4 })

test('a reviewer is shown every byte of several statements, each in its own part, but for white space and semicolons between them', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(between, statement), { minLength: 2, maxLength: 5 }), between, (each, end) => {
      const text = each.map(([before, own]) => `${before.join('')}${own};`).join('') + end.join('')
      const { canonical } = classify(text, { trusted: [] })
      const parts = partsOf(text)
      let at = 0
      for (const [index, part] of parts.entries()) {
        const from = canonical.indexOf(part ?? '', at)
        expect(canonical.slice(at, from)).toMatch(/^[ \t\n\r\f\v;]*$/)
        expect(part).toContain(each[index]?.[1])
        at = from + (part?.length ?? 0)
      }
      expect(at).toBe(canonical.length)
      expect(parts).toHaveLength(each.length)
    }),
  )
})

test('one statement alone is all there is, and has no part', () => {
  expect(partsOf('-- why\nSELECT 1;')).toEqual([null])
})
