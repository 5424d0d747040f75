import type { Action, Parameter, Statement } from '@countersign/core/action'
import { NO_FACTS } from '@countersign/core/action'
import { unknownImpact } from '@countersign/core/impact'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Attempted, Hold, Pipeline } from '../../src/adapters/adapter.ts'
import { actionDigest } from '../../src/workflow/digest.ts'
import { openRequest, reviewRequest } from '../../src/workflow/requests.ts'
import { ALICE, anOpening, aWrite, type Bed, BOB_CALLS, openBed, WRITE } from '../workflow/bed.ts'
import { type Made, openSession, servicesOf } from './services.ts'

let bed: Bed
let made: Made

beforeEach(async () => {
  bed = await openBed()
  made = servicesOf(bed)
})
afterEach(async () => {
  made.registry.close()
  await bed.close()
})

const HOLD: Hold = { signal: new AbortController().signal, tell: () => undefined }
const READ: Statement = { type: 'sql:read', fingerprint: null, facts: NO_FACTS }
const { state } = aWrite()

/** A pipeline of these texts, and its first statement as it is attempted. */
function attempt(statements: readonly { readonly statement: Statement; readonly text: string }[]): Attempted {
  const parts = statements.map(({ statement, text }): Statement => ({ ...statement, part: { text, parameters: [] } }))
  const [first = { statement: READ, text: '' }] = statements
  const impact = () => Promise.resolve({ all: unknownImpact('nobody looked'), each: [] })
  const pipeline: Pipeline = {
    action: { type: 'sql:write', text: statements.map(({ text }) => text).join(';\n'), parameters: [], statements: parts, pipeline: true },
    impact,
    objects: () => Promise.resolve(null),
  }
  return {
    action: { type: first.statement.type, text: first.text, parameters: [], statements: [first.statement] },
    inTransaction: false,
    state: () => Promise.resolve(state ?? expect.fail('a write has a state')),
    impact,
    definition: () => Promise.resolve('defined so'),
    objects: () => Promise.resolve(null),
    differs: () => [],
    pipeline: () => Promise.resolve(pipeline),
  }
}

/** Bob approves the one request that waits; its texts. */
async function approveNext(): Promise<readonly string[]> {
  const { store } = bed.context
  await expect.poll(() => store.requests.pending()).toHaveLength(1)
  const [id = ''] = await store.requests.pending()
  const request = await store.requests.get(id)
  await reviewRequest(bed.context, BOB_CALLS, id, { approve: true, comment: null, given: null })
  if (request?.ask.kind !== 'action') throw new Error('an action was asked for')
  const { action } = request.ask
  return action.pipeline ? action.statements.map(({ part }) => part?.text ?? '') : [action.text]
}

let count = 0

test('somebody is asked for a whole pipeline where more than its first statement needs him, and else for the first alone', async () => {
  const session = await openSession(made, 'ses-1')
  const kinds = fc.array(fc.constantFrom('read', 'write', 'approved ahead'), { maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(kinds, async (behind) => {
      const all = ['write', ...behind].map((kind) => ({ kind, text: `${kind} ${++count}`, statement: kind === 'read' ? READ : WRITE }))
      for (const { kind, text } of all) {
        if (kind !== 'approved ahead') continue
        const { request } = await openRequest(
          bed.context,
          anOpening({ ask: { kind: 'action', digest: actionDigest(ALICE, 'orders', aWrite(text)), action: aWrite(text) } }),
        )
        await reviewRequest(bed.context, BOB_CALLS, request.id, { approve: true, comment: null, given: null })
      }
      const deciding = session.decide(attempt(all), HOLD)
      const asked = await approveNext()
      const verdict = await deciding
      const together = behind.includes('write')
      expect(asked).toEqual((together ? all : all.slice(0, 1)).map(({ text }) => text))
      if (verdict.effect !== 'allow') throw new Error(verdict.message)
      const expected = together ? all.slice(1).map(({ kind }) => kind !== 'read') : undefined
      expect(verdict.reviewed).toBe(true)
      expect(verdict.behind?.map(({ reviewed }) => reviewed)).toEqual(expected)
      const runs = [verdict, ...(verdict.behind ?? [])].map(({ run }) => Number(run.split('.')[1]))
      expect(runs).toEqual(runs.map((_, index) => (runs[0] ?? 0) + index))
    }),
    { numRuns: 25 },
  )
})

test('the digest of a pipeline is of its texts and values in their order, and of where one ends', () => {
  const text = fc.string({ maxLength: 4, unit: fc.constantFrom('a', ';', '\n', ' ') })
  const value: fc.Arbitrary<Parameter> = fc.record({
    value: fc.option(text),
    format: fc.constantFrom('text', 'binary'),
    type: fc.constantFrom(0, 23),
  })
  const parts = fc.array(fc.record({ text, parameters: fc.array(value, { maxLength: 2 }) }), { minLength: 1, maxLength: 3 })
  const digest = (each: readonly { readonly text: string; readonly parameters: readonly Parameter[] }[]) => {
    const statements = each.map((part) => ({ ...WRITE, part }))
    const action: Action = { type: 'sql:write', text: each.map((part) => part.text).join(';\n'), parameters: [], state, statements, pipeline: true }
    return actionDigest(ALICE, 'orders', action)
  }
  fc.assert(
    fc.property(parts, parts, (one, other) => {
      expect(digest(one) === digest(other)).toBe(JSON.stringify(one) === JSON.stringify(other))
      expect(digest(one)).not.toBe(actionDigest(ALICE, 'orders', { ...aWrite(one.map((part) => part.text).join(';\n')) }))
    }),
  )
})
