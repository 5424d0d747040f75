import fc from 'fast-check'
import { expect, test } from 'vitest'
import { offsetOf, placeOf } from '../src/pages/query/position.ts'
import { Gatherer } from '../src/pages/query/run.ts'

test('a position counts characters, which an editor counts otherwise', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (before, after) => {
      const characters = Array.from(before).length
      expect(offsetOf(before + after, characters + 1, 0)).toBe(before.length)
      expect(offsetOf(before + after, 'EXPLAIN '.length + characters + 1, 'EXPLAIN '.length)).toBe(before.length)
    }),
  )
  expect(offsetOf('SELECT', 3, 'EXPLAIN '.length)).toBe(null)
  expect(offsetOf('SELECT', 99, 0)).toBe(null)
  expect(placeOf('a\n😀 b', 5)).toEqual({ line: 2, character: 3 })
})

test('what came in batches is one result for each statement, and what was shown before stays as it was', () => {
  const gatherer = new Gatherer()
  gatherer.add({ kind: 'columns', statement: 0, columns: [{ name: 'n', type: 'INT4' }] })
  gatherer.add({ kind: 'rows', statement: 0, rows: [['1']] })
  const [early] = gatherer.items
  gatherer.add({ kind: 'notice', severity: 'NOTICE', code: '00000', message: 'in between', detail: null, hint: null, request: null })
  gatherer.add({ kind: 'rows', statement: 0, rows: [['2'], [null]] })
  gatherer.add({ kind: 'done', statement: 0, tag: 'SELECT 3', rows: 3, more: false, ms: 1 })
  gatherer.add({ kind: 'done', statement: 1, tag: 'UPDATE 0', rows: 0, more: false, ms: 1 })
  expect(early).toMatchObject({ rows: [['1']], tag: null })
  expect(gatherer.items).toMatchObject([
    { statement: 0, rows: [['1'], ['2'], [null]], tag: 'SELECT 3' },
    { kind: 'notice' },
    { statement: 1, columns: null, rows: [], tag: 'UPDATE 0' },
  ])
})
