import { encodeEntry, hashEntry, NO_PREVIOUS } from '@countersign/ledger/entry'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { aGrant, aRequest } from '../../../core/test/arbitraries.ts'
import { entriesOf } from '../../src/receipts/find.ts'
import type { LedgerStore } from '../../src/store/store.ts'

const MINUTE = 60_000
const begun = 1_000_000 * MINUTE
const request = { ...aRequest(), id: 'req-wanted', createdAt: begun, decidedAt: begun + MINUTE }
const grant = { ...aGrant(), id: 'grant-wanted', request: request.id, endedAt: begun + 2 * MINUTE }

interface Told {
  readonly at: number
  readonly type: string
  readonly body: Record<string, string | string[]>
}

/** One chain in memory, which counts what is read of it. */
function ledgerOf(events: readonly Told[]) {
  let prev = NO_PREVIOUS
  const lines = events.map(({ at, type, body }, index) => {
    const line = encodeEntry({ v: 1, gateway: 'gw-1', seq: index + 1, prev, at, type, body })
    prev = hashEntry(line)
    return { gateway: 'gw-1', seq: index + 1, line }
  })
  let read = 0
  const ledger: Pick<LedgerStore, 'heads' | 'read'> = {
    heads: () => Promise.resolve(lines.length === 0 ? [] : [{ gateway: 'gw-1', seq: lines.length }]),
    read: (_gateway, from, limit) => {
      const page = lines.slice(from - 1, from - 1 + limit)
      read += page.length
      return Promise.resolve(page)
    },
  }
  return { ledger, read: () => read }
}

const mine: readonly Told[] = [
  { at: begun, type: 'request.opened', body: { request: request.id } },
  { at: begun + 1, type: 'request.reviewed', body: { request: request.id } },
  { at: begun + 2, type: 'grant.issued', body: { request: request.id, grant: grant.id } },
  { at: begun + 3, type: 'action.started', body: { run: 'ses-1.7', requests: [request.id], grants: [grant.id] } },
  { at: begun + 20 * MINUTE, type: 'action.finished', body: { run: 'ses-1.7' } },
]
const other = (at: number): Told => ({ at, type: 'action.finished', body: { run: 'ses-1.8', request: 'req-other' } })

describe('the entries of a request', () => {
  test('are found among any others, also an end that comes long after the grant’s', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: begun - 100 * MINUTE, max: begun + 100 * MINUTE }), { maxLength: 60 }), async (times) => {
        const all = [...mine, ...times.map(other)].sort((one, another) => one.at - another.at)
        const found = await entriesOf(ledgerOf(all).ledger, request, [grant], begun + 200 * MINUTE)
        expect(found.map(({ entry }) => [entry.type, entry.body['request'] ?? null])).toEqual(mine.map(({ type, body }) => [type, body['request'] ?? null]))
      }),
    )
  })

  it('are looked for in the time in which it lived, and not in all that there is', async () => {
    const before = Array.from({ length: 20_000 }, (_, index) => other(begun - 100_000 * MINUTE + index))
    const after = Array.from({ length: 20_000 }, (_, index) => other(begun + 100_000 * MINUTE + index))
    const { ledger, read } = ledgerOf([...before, ...mine, ...after])
    expect(await entriesOf(ledger, request, [grant], begun + 200_000 * MINUTE)).toHaveLength(mine.length)
    expect(read()).toBeLessThan(3_000)
  })

  it('are none where there is no ledger', async () => {
    expect(await entriesOf(ledgerOf([]).ledger, request, [grant], begun)).toEqual([])
  })
})
