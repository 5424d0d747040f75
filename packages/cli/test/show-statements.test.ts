import type { Statement } from '@countersign/contract/schemas/action'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Output } from '../src/output.ts'
import { showStatements, valueLine } from '../src/show-statements.ts'

class Lines extends Output {
  readonly lines: string[] = []

  override line(text = ''): void {
    this.lines.push(...text.split('\n'))
  }
}

function shown(statements: readonly Statement[]): readonly string[] {
  const out = new Lines(false)
  showStatements(out, statements)
  return out.lines
}

const statementOf = (text: string, values: readonly (string | null)[] = [], tables: readonly string[] = ['orders']): Statement => ({
  type: 'sql:write',
  text,
  display: '',
  parameters: values.map((value) => ({ value, display: null, format: 'text', type: 0 })),
  fingerprint: null,
  tables: [...tables],
  columns: [],
  rows: null,
  unbounded: false,
  impact: null,
})

test('nothing in a text, a value or a name passes for another statement, or for what is known of one', () => {
  const hostile = fc.string({ unit: fc.constantFrom('\n', '\r', ' ', '|', ':', '=', '1', '2', ',', '\u2028', '\u001b', 'x', "'") })
  const all = fc.array(fc.record({ text: hostile, values: fc.array(fc.option(hostile), { maxLength: 2 }), tables: fc.array(hostile, { maxLength: 2 }) }), {
    minLength: 2,
    maxLength: 12,
  })
  fc.assert(
    fc.property(all, (given) => {
      const lines = shown(given.map(({ text, values, tables }) => statementOf(text, values, tables)))
      const numbered = lines.flatMap((line) => /^ +(\d+) (?:\||= \d+,) /.exec(line)?.[1] ?? [])
      expect(numbered).toEqual(given.map((_, index) => String(index + 1)))
      for (const line of lines) expect(line).toMatch(/^ +(?:\d+ )?(?:\||:|= \d+,) \P{Cc}*$/u)
      const texts = new Set(given.map(({ text }) => text))
      const own = Array.from(texts).reduce((sum, text) => sum + text.split('\n').length, 0)
      expect(lines.filter((line) => /^ +(?:\d+ )?\| /.test(line))).toHaveLength(own)
    }),
  )
})

test('a value that policy calls a secret is not taken for NULL', () => {
  const secret = { value: null, display: null, format: 'text', type: 25, withheld: true } as const
  expect(valueLine(secret, 0)).toBe('$1 = (withheld: policy calls it a secret)')
  expect(valueLine({ ...secret, withheld: undefined }, 0)).toBe('$1 = NULL')
})

test('a hundred rows of one batch are a line each', () => {
  const lines = shown(Array.from({ length: 100 }, (_, n) => statementOf('INSERT INTO orders VALUES ($1, $2)', [String(n), n % 2 === 0 ? 'new' : null])))
  expect(lines).toHaveLength(102)
  expect(lines.slice(0, 4)).toEqual([
    '    1 | INSERT INTO orders VALUES ($1, $2)',
    "      : $1 = '0', $2 = 'new'",
    '      : sql:write on orders',
    "    2 = 1, sql:write on orders: $1 = '1', $2 = NULL",
  ])
  expect(lines.at(-1)).toBe("  100 = 1, sql:write on orders: $1 = '99', $2 = NULL")
})
