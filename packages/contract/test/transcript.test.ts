import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RecordingLine } from '../src/schemas/recording.ts'
import { pieceOf } from '../src/transcript.ts'

type Started = Extract<RecordingLine, { line: 'started' }>

const started = (text: string, parameters?: Started['parameters']): Started => ({
  line: 'started',
  at: 0,
  run: 'ses-1.1',
  action: 'sql:write',
  text,
  objects: ['orders'],
  ...(parameters === undefined ? {} : { parameters }),
  policies: ['writes'],
})

const lines = (line: RecordingLine) => pieceOf(line).lines.map((each) => each.trim())

test('a value that policy calls a secret is not taken for NULL', () => {
  const value = (text: string | null) => ({ value: text, format: 'text', type: 25 }) as const
  const [, ...values] = lines(started('UPDATE users SET pin = $1, note = $2, name = $3', [{ ...value(null), withheld: true }, value(null), value('Eve')]))
  expect(values.slice(0, 3)).toEqual(['$1 = (withheld)', '$2 = NULL', '$3 = Eve'])
})

test('nothing that somebody typed, or that came out of a database, is obeyed by a terminal', () => {
  const hostile = fc.string({ unit: fc.constantFrom('\u001b', '[31m', '\r', '\n', '\u202e', '\u200b', '\u009b', '\u0007', 'x') })
  fc.assert(
    fc.property(hostile, hostile, (text, value) => {
      const finished = { line: 'finished', at: 0, run: 'ses-1.1', result: 'failed', summary: text, rows: null, bytes: 0, ms: 1, error: value } as const
      const all = [started(text, [{ value, format: 'text', type: 25 }]), finished].flatMap((line) => pieceOf(line).lines)
      for (const each of all) expect(each).toMatch(/^[^\p{Cc}\p{Cf}]*$/u)
    }),
  )
})
