import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { NO_FACTS } from '@countersign/core/action'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Attempted, Hold } from '../../src/adapters/adapter.ts'
import { secretOf } from '../../src/session/sealed.ts'
import { openRequest } from '../../src/workflow/requests.ts'
import { anOpening, aWrite, type Bed, openBed } from '../workflow/bed.ts'
import { type Made, openSession, servicesOf } from './services.ts'

const MIB = 1024 * 1024
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const parameter = (value: string | null) => ({ value, format: 'text' as const, type: 25 })

describe('what is sealed of an action', () => {
  test('is all of it when it is short', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.array(fc.option(fc.string())), (text, values) => {
        const parameters = values.map(parameter)
        expect(secretOf({ text, parameters, statements: [] })).toEqual(values.length > 0 ? { text, parameters } : { text })
      }),
    )
  })

  test('is a hash, a length and a beginning of what is longer than 1 MiB, be it text or parameters', () => {
    const long = `${'é'.repeat(MIB / 2)}x`
    expect(secretOf({ text: long.slice(0, -1), parameters: [], statements: [] })).toEqual({ text: long.slice(0, -1) })
    expect(secretOf({ text: long, parameters: [], statements: [] })).toEqual({
      text: { sha256: sha256(long), bytes: MIB + 1, beginning: 'é'.repeat(64 * 1024) },
    })
    const parameters = [parameter(null), parameter('a'.repeat(MIB)), parameter('b')]
    const json = JSON.stringify(parameters)
    expect(secretOf({ text: 'SELECT $1', parameters, statements: [] })).toEqual({
      text: 'SELECT $1',
      parameters: { sha256: sha256(json), bytes: json.length, beginning: json.slice(0, 64 * 1024) },
    })
  })

  test('never begins with half a character', () => {
    const { text } = secretOf({ text: `x${'😀'.repeat(MIB)}`, parameters: [], statements: [] })
    expect(JSON.stringify(text)).not.toMatch(/\\ud83d(?!\\ude00)/)
  })
})

describe('an action of more than 1 MiB', () => {
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
  const attempted = ({ state, ...action }: ReturnType<typeof aWrite>): Attempted => ({
    action,
    inTransaction: false,
    state: () => (state ? Promise.resolve(state) : Promise.reject(new Error('a write has a state'))),
    impact: () => Promise.reject(new Error('nobody asks what this would do')),
    definition: () => Promise.reject(new Error('nobody asks how its tables are defined')),
    objects: () => Promise.resolve(null),
    differs: () => [],
  })
  const size = () => readdirSync(bed.folder, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => sum + statSync(join(bed.folder, name)).size, 0)

  test('fills no disk when it is allowed', async () => {
    const session = await openSession(made, 'ses-1')
    const before = size()
    const read = {
      ...aWrite(`SELECT '${'x'.repeat(8 * MIB)}'`),
      type: 'sql:read' as const,
      statements: [{ type: 'sql:read' as const, fingerprint: null, facts: NO_FACTS }],
    }
    expect(await session.decide(attempted(read), HOLD)).toMatchObject({ effect: 'allow' })
    await bed.context.journal.sync()
    expect(size() - before).toBeLessThan(MIB)
  })

  test('is refused where it needs a review, because nobody can read it', async () => {
    const session = await openSession(made, 'ses-1')
    const write = aWrite(`INSERT INTO orders VALUES ('${'x'.repeat(MIB)}')`)
    expect(await session.decide(attempted(write), HOLD)).toMatchObject({
      effect: 'refuse',
      code: 'denied',
      message: expect.stringContaining('longer than 1 MiB'),
    })
    const values = { ...aWrite(), parameters: [parameter('x'.repeat(MIB))] }
    await expect(openRequest(bed.context, anOpening({ ask: { kind: 'action', digest: 'd2', action: values } }))).rejects.toThrow('longer than 1 MiB')
    expect(await bed.context.store.requests.list({})).toEqual([])
  })
})

test('the tables that its statements name are there, each once', () => {
  const on = (...tables: string[]) => ({ type: 'sql:read' as const, fingerprint: null, facts: { ...NO_FACTS, tables } })
  expect(secretOf({ text: 'x', parameters: [], statements: [on('orders')] })).toEqual({ text: 'x', objects: ['orders'] })
  expect(secretOf({ text: 'x', parameters: [], statements: [on('a', 'b'), on('b', 'c')] })).toEqual({ text: 'x', objects: ['a', 'b', 'c'] })
})
