import { createSecretKey, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Known } from '../../src/export/known.ts'
import { jsonl } from '../../src/export/jsonl.ts'
import { Ocsf } from '../../src/export/ocsf/ocsf.ts'
import { NO_KEYS, openLeaf } from '../../src/export/opening.ts'
import type { Leaf } from '../../src/store/store.ts'
import { SCHEMA, violations } from './ocsf/validate.ts'
import { grouped, leavesOf, type Sample, SAMPLES } from './samples.ts'

const EMPTY = { sessions: { get: () => Promise.resolve(null) }, requests: { get: () => Promise.resolve(null) }, grants: { get: () => Promise.resolve(null) } }
const KEY = { id: 'gw-0000000001-000001', key: createSecretKey(randomBytes(32)) }

async function eventsOf(leaves: readonly Leaf[], texts = false): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const format = new Ocsf(new Known(EMPTY), '0.1.0')
  const records = []
  for (const leaf of leaves) records.push(...(await format.records(openLeaf(leaf, texts ? () => KEY : NO_KEYS))))
  return records.map(({ text }) => JSON.parse(text) as Record<string, unknown>)
}

describe('an event of OCSF', () => {
  test('is as the published schema has it, whatever an entry says', async () => {
    const text = fc.string({ unit: 'grapheme' })
    const value = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null), fc.array(text, { maxLength: 3 }))
    const names = [...new Set(Object.values(SAMPLES).flatMap(({ body }) => Object.keys(body)))]
    const body = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 8 })
    const type = fc.constantFrom(...Object.keys(SAMPLES), 'something.later')
    const property = fc.asyncProperty(fc.array(fc.record({ type, body }), { minLength: 1, maxLength: 5 }), async (samples) => {
      for (const event of await eventsOf(leavesOf(samples))) expect(violations(event)).toEqual([])
    })
    await fc.assert(property, { numRuns: 300, examples: [[[{ type: 'action.finished', body: { policies: [''] } }]]] })
  })

  test.each(Object.entries(SAMPLES))('of %s has a class of its own, and is valid', async (_type, sample) => {
    const [event] = await eventsOf(leavesOf([sample], { key: KEY }), true)
    expect(violations(event)).toEqual([])
    expect(event?.['class_uid']).not.toBe(0)
  })

  test('says who and where, from what came before it', async () => {
    const day = ['session.started', 'action.started', 'action.finished', 'session.ended'] as const
    const [started, ran, finished, ended] = await eventsOf(leavesOf(day.map((type) => SAMPLES[type])))
    expect(started).toMatchObject({
      class_name: 'Authentication',
      activity_name: 'Logon',
      user: { name: 'alice@example.com' },
      src_endpoint: { ip: '10.0.0.7', port: 51_234 },
    })
    expect(ran).toMatchObject({
      class_name: 'Datastore Activity',
      activity_name: 'Write',
      disposition: 'Allowed',
      actor: { user: { name: 'alice@example.com' }, session: { uid: 'ses-1' } },
      database: { name: 'orders', uid: 'orders-db' },
      authorizations: [{ decision: 'allow', policy: { name: 'writes' } }],
      metadata: { correlation_uid: 'ses-1.1', sequence: 1 },
    })
    expect(finished).toMatchObject({
      activity_name: 'Write',
      status: 'Success',
      actor: { user: { name: 'alice@example.com' } },
      src_endpoint: { ip: '10.0.0.7' },
    })
    expect(ended).toMatchObject({ activity_name: 'Logoff', user: { name: 'alice@example.com' }, status_detail: 'killed' })
  })

  test('names the store’s session where the export began after its start', async () => {
    const session = {
      id: 'ses-1',
      principal: { user: 'alice@example.com', agent: 'claude', groups: [] },
      resource: 'orders-db',
      database: 'orders',
      client: '::1:5000',
    }
    const known = new Known({ ...EMPTY, sessions: { get: () => Promise.resolve(session) } })
    const [leaf] = leavesOf([SAMPLES['session.ended']])
    if (!leaf) throw new Error('there is no leaf')
    const [record] = await new Ocsf(known, '0.1.0').records(openLeaf(leaf, NO_KEYS))
    expect(JSON.parse(record?.text ?? '')).toMatchObject({
      user: { name: 'alice@example.com/claude', type: 'Service' },
      src_endpoint: { ip: '::1', port: 5000 },
    })
  })

  test('of an entry that carries several is one each, with names of their own', async () => {
    const { 'action.started': started, 'action.finished': finished } = SAMPLES
    const events = await eventsOf(leavesOf([grouped([started, finished])]))
    expect(events.map((event) => event['metadata'])).toMatchObject([{ uid: 'gw-0000000001:1/0' }, { uid: 'gw-0000000001:1/1' }])
  })

  test('has a text only where it was opened', async () => {
    const leaves = leavesOf([SAMPLES['action.started'], SAMPLES['request.reviewed']], { key: KEY })
    const sealed = JSON.stringify(await eventsOf(leaves))
    expect(sealed).not.toContain('DELETE FROM')
    expect(sealed).not.toContain('matches INC-7')
    const [ran, reviewed] = await eventsOf(leaves, true)
    expect(ran).toMatchObject({ query_info: { query_string: 'DELETE FROM orders WHERE id = 7' } })
    expect(reviewed).toMatchObject({ unmapped: { texts: { comment: 'matches INC-7' } } })
  })

  test('is held against the schema by a check that bites', async () => {
    const [event] = await eventsOf(leavesOf([SAMPLES['action.started']]))
    const without = (name: string) => Object.fromEntries(Object.entries(event ?? {}).filter(([key]) => key !== name))
    expect(violations(without('actor'))).toEqual(['actor: required'])
    expect(violations(without('database'))).toEqual([': none of database, databucket, table'])
    expect(violations({ ...event, severity_id: 7 })).toHaveLength(1)
    expect(violations({ ...event, severity: 'High' })).toHaveLength(1)
    expect(violations({ ...event, colour: 'red' })).toEqual(['colour: there is no such attribute'])
    expect(violations({ ...event, time: 'today' })).toEqual(['time: no integer'])
    expect(SCHEMA.version).toBe('1.8.0')
  })
})

describe('a line of JSONL', () => {
  const records = async (samples: readonly Sample[], texts: boolean) => {
    const leaves = leavesOf(samples, { key: KEY })
    const made = []
    for (const leaf of leaves) made.push(...(await jsonl.records(openLeaf(leaf, texts ? () => KEY : NO_KEYS))))
    return { leaves, made }
  }

  test('is the entry as it was hashed', async () => {
    const { leaves, made } = await records(Object.values(SAMPLES), false)
    expect(made.map(({ text }) => text)).toEqual(leaves.map(({ line }) => line))
    expect(new Set(made.map(({ id }) => id)).size).toBe(made.length)
  })

  test('holds the entry, and the texts that were opened beside it', async () => {
    const { leaves, made } = await records([SAMPLES['action.started']], true)
    expect(made[0]?.text).toBe(`{"entry":${leaves[0]?.line},"texts":[{"text":"DELETE FROM orders WHERE id = 7"}]}`)
  })
})
