import { NO_FACTS } from '@countersign/core/action'
import { canonical } from '@countersign/ledger/canonical'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { finishedBody, finishedSecret, secretText, startedBody, startedWith } from '../../src/session/events.ts'
import { secretOf } from '../../src/session/sealed.ts'

const words = fc.string({ unit: 'grapheme' })
const session = fc.constantFrom('ses-4kq2', 'ses-1')
const run = fc.nat().map((number) => `ses-4kq2.${number}`)

test('the body of a start is the general writer’s', () => {
  const what = fc.record(
    { action: words, inTransaction: fc.constant(true), observed: words, policies: fc.array(words), policy: words, principal: words, resource: words },
    { requiredKeys: ['action', 'policies', 'policy', 'principal', 'resource'] },
  )
  fc.assert(
    fc.property(what, session, run, (members, id, name) => {
      expect(startedWith(startedBody(members, id), name)).toBe(canonical({ ...members, session: id, run: name }))
    }),
  )
})

test('the body of an outcome is the general writer’s, and has no half characters', () => {
  const outcome = fc.record({
    run,
    result: fc.constantFrom('done' as const, 'failed' as const, 'unknown' as const),
    summary: fc.string({ unit: 'binary' }),
    rows: fc.option(fc.nat()),
    bytes: fc.maxSafeNat(),
    ms: fc.option(fc.nat().map((us) => us / 1000)),
    sent: fc.option(fc.record({ bytes: fc.maxSafeNat(), sha256: fc.stringMatching(/^[0-9a-f]{64}$/) })),
  })
  fc.assert(
    fc.property(outcome, session, ({ sent, summary, ...rest }, id) => {
      const general = { ...rest, summary: summary.toWellFormed(), ...(sent && { sent }), session: id }
      expect(finishedBody({ ...rest, summary, sent }, id)).toBe(canonical(general))
    }),
  )
})

test('what a target says of a failure is the outcome’s secret, and others have none', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (error) => {
      expect(finishedSecret({ error })).toBe(canonical({ error: error.toWellFormed() }))
    }),
  )
  expect(finishedSecret({ error: null })).toBeNull()
})

test('the secret of a start is the general writer’s, however long it is', () => {
  const value = fc.oneof(words, fc.constant('é'.repeat(700_000)), fc.constant('x'.repeat(300_000)))
  const statement = fc.array(words).map((tables) => ({ type: 'sql:read' as const, fingerprint: null, facts: { ...NO_FACTS, tables } }))
  const parameter = fc.record(
    { value: fc.option(value), format: fc.constantFrom('text' as const, 'binary' as const), type: fc.nat(2 ** 31), withheld: fc.constant(true as const) },
    { requiredKeys: ['value', 'format', 'type'] },
  )
  fc.assert(
    fc.property(value, fc.array(parameter, { maxLength: 4 }), fc.array(statement, { maxLength: 2 }), (text, parameters, statements) => {
      const action = { text, parameters, statements }
      expect(secretText(action)).toBe(canonical(secretOf(action)))
    }),
  )
})
