import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { canonical } from '../src/canonical.ts'
import { encodeAround, encodeEntry, hashEntry, NO_PREVIOUS, parseEntry } from '../src/entry.ts'
import { eventsOf, Group, GROUP, openEvents } from '../src/group.ts'
import { isCommitted, sealCanonical } from '../src/seal.ts'
import { ERASED, Unopened } from '../src/unopened.ts'
import { verifyChain } from '../src/verify.ts'
import { chainOf, events, newKey, type TestEvent } from './chain.ts'

const shared = newKey('k1')
const hers = newKey('p1')
const both = new Map([shared, hers].map((key) => [key.id, key]))
const withoutHers = new Map([[shared.id, shared]])
const place = { gateway: 'gw-a', seq: 1 }

interface Owned extends TestEvent {
  readonly hers: boolean
}

const owned = events(1).chain((list) =>
  fc
    .array(fc.boolean(), { minLength: list.length, maxLength: list.length })
    .map((whose) => list.map((event, index) => ({ ...event, hers: whose[index] ?? false }))),
)

/** One entry of several events, of which some are sealed for one person. */
function lineOf(list: readonly Owned[]): string {
  const group = new Group()
  for (const { type, body, secret, hers: own } of list) group.add({ type, body: canonical(body), secret: secret && canonical(secret) }, own ? hers : null)
  const { body, secret } = group.take()
  return encodeAround(body, { v: 1, ...place, prev: NO_PREVIOUS, at: 1, type: GROUP, ...(secret !== null && sealCanonical(secret, place, shared)) })
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe("a person's events among those of others", () => {
  test('open with his key, and every other event opens with or without it', async () => {
    await fc.assert(
      fc.asyncProperty(owned, async (list) => {
        const entry = parseEntry(lineOf(list))
        expect(openEvents(entry, both).map((opened) => opened && opened.secret)).toEqual(plain(list.map(({ secret }) => secret)))
        expect(openEvents(entry, withoutHers).map((opened) => opened && opened.secret)).toEqual(plain(list.map((event) => (event.hers ? null : event.secret))))
        expect((await verifyChain([lineOf(list)], { keys: both })).unopened).toBe(0)
        const erased = await verifyChain([lineOf(list)], { keys: withoutHers })
        expect(erased).toMatchObject({ bad: null, unopened: list.filter((event) => event.hers && event.secret).length })
      }),
    )
  })

  test('leave a commitment that each of them was checked against', () => {
    fc.assert(
      fc.property(owned, (list) => {
        const entry = parseEntry(lineOf(list))
        openEvents(entry, both).forEach((opened, index) => {
          const { commitment } = eventsOf(entry)[index] ?? {}
          expect(opened === null ? commitment : commitment !== undefined && isCommitted(opened, commitment)).toBe(opened === null ? undefined : true)
        })
      }),
    )
  })

  const two: readonly Owned[] = [
    { type: 'a', body: {}, secret: { text: 'SELECT 1' }, hers: true },
    { type: 'b', body: {}, secret: { text: 'SELECT 2' }, hers: true },
  ]

  it('are bound to what they commit to: two that are swapped do not open', async () => {
    const { body, ...rest } = parseEntry(lineOf(two))
    const [one, other] = eventsOf({ body, ...rest })
    const swapped = [
      { ...one, sealed: other?.sealed },
      { ...other, sealed: one?.sealed },
    ] as never
    const line = encodeEntry({ ...rest, body: { events: swapped } })
    expect((await verifyChain([line], { keys: both })).bad).toMatchObject({ seq: 1, why: 'sealed-altered' })
  })

  it('are no events when they are sealed and commit to nothing', () => {
    const { body, ...rest } = parseEntry(lineOf(two))
    const [one] = eventsOf({ body, ...rest })
    const entry = { ...rest, body: { events: [{ type: 'a', body: {}, sealed: one?.sealed }] } } as never
    expect(() => eventsOf(entry)).toThrow(expect.objectContaining({ code: 'unreadable' }))
  })
})

describe('verifying what was erased', () => {
  const chainWith = (erased: readonly string[]) => {
    const lines = chainOf([{ type: 'request.opened', body: {}, secret: { text: 'SELECT 1' } }], hers)
    const before = { gateway: 'gw-test', seq: 2, prev: hashEntry(lines[0] ?? ''), at: 1_700_000_000_001 }
    return [...lines, encodeEntry({ v: 1, ...before, type: ERASED, body: { keys: erased } })]
  }

  it('tells it apart from what is not opened, and needs no key', async () => {
    expect(await verifyChain(chainWith(['p1']))).toMatchObject({ bad: null, entries: 2, unopened: 0, erased: 1 })
    expect(await verifyChain(chainWith(['p2']))).toMatchObject({ bad: null, entries: 2, unopened: 1, erased: 0 })
    expect(await verifyChain(chainWith(['p1']), { keys: both })).toMatchObject({ bad: null, unopened: 0, erased: 0 })
  })

  it('believes another chain of the same ledger', async () => {
    const [worker, gateway] = [await verifyChain(chainWith([])), await verifyChain(chainWith(['p1']))]
    const said = Unopened.of([worker.sealed, gateway.sealed])
    expect([worker.sealed.left(said), worker.sealed.erased(said)]).toEqual([0, 1])
    expect([worker.unopened, worker.erased]).toEqual([1, 0])
    expect([said.left(), said.erased()]).toEqual([0, 2])
  })
})
