import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { canonical } from '../src/canonical.ts'
import { encodeAround, encodeEntry, type Entry, NO_PREVIOUS, parseEntry } from '../src/entry.ts'
import { eventsOf, Group, GROUP, openEvents } from '../src/group.ts'
import { isCommitted, sealCanonical } from '../src/seal.ts'
import { verifyChain } from '../src/verify.ts'
import { bodies, events, newKey, type TestEvent } from './chain.ts'

const key = newKey('k1')
const keys = new Map([[key.id, key]])
const place = { gateway: 'gw-a', seq: 1 }

/** One entry, as a journal writes it. */
function lineOf(list: readonly TestEvent[], hide = (secret: string) => secret): string {
  const group = new Group()
  for (const { type, body, secret } of list) group.add({ type, body: canonical(body), secret: secret && canonical(secret) })
  const { body, secret } = group.take()
  return encodeAround(body, { v: 1, ...place, prev: NO_PREVIOUS, at: 1, type: GROUP, ...(secret !== null && sealCanonical(hide(secret), place, key)) })
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const verified = async (line: string) => (await verifyChain([line], { keys })).bad

describe('an entry of several events', () => {
  test('is canonical, verifies, and gives each event and each secret back by itself', async () => {
    await fc.assert(
      fc.asyncProperty(events(1), async (list) => {
        const entry = parseEntry(lineOf(list))
        expect(await verified(lineOf(list))).toBeNull()
        expect(eventsOf(entry).map(({ type, body }) => ({ type, body }))).toEqual(plain(list.map(({ type, body }) => ({ type, body }))))
        const opened = openEvents(entry, keys)
        expect(opened.map((each) => each && each.secret)).toEqual(plain(list.map(({ secret }) => secret)))
        // Whoever is shown one secret needs nothing else to check it, and none of the others' is vouched for.
        eventsOf(entry).forEach(({ commitment }, index) => {
          opened.forEach((each, other) =>
            expect(each !== null && commitment !== undefined && isCommitted(each, commitment)).toBe(each !== null && index === other),
          )
        })
      }),
    )
  })

  test('is empty after it was taken', () => {
    fc.assert(
      fc.property(bodies, (body) => {
        const group = new Group()
        group.add({ type: 'a', body: canonical(body), secret: '{}' })
        group.take()
        expect([group.size, group.length]).toEqual([0, 0])
        expect(group.take()).toEqual({ body: '{"events":[]}', secret: null })
      }),
    )
  })

  const two: readonly TestEvent[] = [
    { type: 'a', body: {}, secret: { text: 'SELECT 1' } },
    { type: 'b', body: {}, secret: { text: 'SELECT 2' } },
  ]

  it.each([
    ['another text', (secret: string) => secret.replace('SELECT 1', 'SELECT 3')],
    ['the texts of each other', (secret: string) => secret.replace('SELECT 1', '#').replace('SELECT 2', 'SELECT 1').replace('#', 'SELECT 2')],
    ['one text too few', (secret: string) => canonical({ events: (JSON.parse(secret) as { events: unknown[] }).events.slice(1) })],
    ['no texts', () => '{}'],
    ['something else', () => '{"events":[1,2]}'],
  ])('does not verify when what is sealed is %s', async (_name, hide) => {
    expect(await verified(lineOf(two, hide))).toMatchObject({ seq: 1, why: 'sealed-altered' })
  })

  it('does not verify when it commits to what it does not seal, or when it carries no events', async () => {
    const { sealed, commitment, ...rest } = parseEntry(lineOf(two))
    expect([sealed, commitment]).not.toContain(undefined)
    expect(await verified(encodeEntry(rest))).toMatchObject({ seq: 1, why: 'sealed-altered' })
    expect(await verified(encodeEntry({ ...rest, body: { events: [{ type: 'a' }] } }))).toMatchObject({ seq: 1, why: 'unreadable' })
  })

  it.each([
    '{}',
    '{"events":1}',
    '{"events":[{"body":{}}]}',
    '{"events":[{"body":{},"commitment":"x","type":"a"}]}',
    '{"events":[{"body":{},"type":"a","z":1}]}',
  ])('is unreadable as %s', (body) => {
    const entry: Entry = parseEntry(encodeAround(body, { v: 1, ...place, prev: NO_PREVIOUS, at: 1, type: GROUP }))
    expect(() => eventsOf(entry)).toThrow(expect.objectContaining({ code: 'unreadable' }))
  })
})
