import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { callsIn } from '../../../src/adapters/postgres/catalog/folding.ts'

interface Node {
  readonly text: string
  readonly ofColumn: boolean
  readonly calls: readonly { readonly oid: number; readonly ofColumn: boolean }[]
}

const CONSTANT: Node = { text: '{CONST :consttype 23 :constvalue 4 [ 1 0 0 0 ]}', ofColumn: false, calls: [] }
const ESCAPED: Node = { text: '{CONST :name \\{VAR\\ \\} :constvalue <>}', ofColumn: false, calls: [] }
const COLUMN: Node = { text: '{VAR :varno 1 :varattno 1}', ofColumn: true, calls: [] }

const call = (field: string, oid: number, args: readonly Node[]): Node => {
  const ofColumn = args.some((arg) => arg.ofColumn)
  const inner = args.flatMap(({ calls }) => calls)
  return { text: `{CALL :${field} ${oid} :args (${args.map(({ text }) => text).join(' ')})}`, ofColumn, calls: [...inner, { oid, ofColumn }] }
}

const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(CONSTANT, ESCAPED, COLUMN),
    fc.tuple(fc.constantFrom('funcid', 'opno'), fc.integer({ min: 10_000, max: 99_999 }), fc.array(tie('node'), { maxLength: 3 })).map((of) => call(...of)),
  ),
}))

describe('what is called in a stored expression', () => {
  it('is every function and operator, and said to be of a column where one stands below', () => {
    fc.assert(
      fc.property(node, ({ text, calls }) => {
        expect(callsIn(`(${text})`).map(({ oid, ofColumn }) => ({ oid, ofColumn }))).toEqual(calls)
      }),
    )
  })
})
