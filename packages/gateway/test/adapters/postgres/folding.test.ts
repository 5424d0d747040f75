import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldedIn } from '../../../src/adapters/postgres/catalog/folding.ts'

interface Node {
  readonly text: string
  readonly ofColumn: boolean
  readonly folded: readonly number[]
}

const CONSTANT: Node = { text: '{CONST :consttype 23 :constvalue 4 [ 1 0 0 0 ]}', ofColumn: false, folded: [] }
const ESCAPED: Node = { text: '{CONST :name \\{VAR\\ \\} :constvalue <>}', ofColumn: false, folded: [] }
const COLUMN: Node = { text: '{VAR :varno 1 :varattno 1}', ofColumn: true, folded: [] }

const call = (field: string, oid: number, args: readonly Node[]): Node => {
  const ofColumn = args.some((arg) => arg.ofColumn)
  const inner = args.flatMap(({ folded }) => folded)
  return { text: `{CALL :${field} ${oid} :args (${args.map(({ text }) => text).join(' ')})}`, ofColumn, folded: ofColumn ? inner : [...inner, oid] }
}

const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(CONSTANT, ESCAPED, COLUMN),
    fc.tuple(fc.constantFrom('funcid', 'opno'), fc.integer({ min: 10_000, max: 99_999 }), fc.array(tie('node'), { maxLength: 3 })).map((of) => call(...of)),
  ),
}))

describe('what the planner works out of a stored expression', () => {
  it('is every call below which no column stands, and no other', () => {
    fc.assert(
      fc.property(node, ({ text, folded }) => {
        expect(foldedIn(`(${text})`).map(({ oid }) => oid)).toEqual(folded)
      }),
    )
  })
})
