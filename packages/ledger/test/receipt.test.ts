import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { JsonValue } from '../src/canonical.ts'
import { completeReceipt } from '../src/complete.ts'
import { LedgerError } from '../src/error.ts'
import { parseReceipt, type Receipt } from '../src/receipt.ts'
import { verifyReceipt } from '../src/verify-receipt.ts'
import { keyOf, newSigner } from './static-log.ts'
import { dataKey, POLICY, receiptOf, requestOf } from './told.ts'

const signer = newSigner()
const writer = requestOf(signer)
const good = await receiptOf(writer, signer)
const verify = (receipt: Receipt) => verifyReceipt(receipt, { key: keyOf(signer) })
const json = JSON.stringify(good)
const read = (text: string) => parseReceipt(Buffer.from(text))

describe('a receipt', () => {
  it('verifies by itself, and tells the story', () => {
    const { problems, story, entries, closed, signed, checkpoint, policy } = verify(read(json))
    expect(problems).toEqual([])
    expect({ entries, closed, policy, size: checkpoint?.size, signed }).toEqual({
      entries: 6,
      closed: [],
      policy: true,
      size: 9,
      signed: [{ key: keyOf(signer), time: null }],
    })
    expect(story).toMatchObject({
      request: 'req-1',
      opened: { requester: 'alice@example.com', text: 'DELETE FROM orders WHERE id = $1', reason: 'INC-7' },
      reviews: [{ reviewer: 'bob@example.com', verdict: 'approve', comment: 'matches INC-7', signature: null }],
      outcome: { is: 'approved' },
      grants: [{ grant: 'grant-1', approvers: ['bob@example.com'] }],
      runs: [{ run: 's.4', text: 'DELETE FROM orders WHERE id = $1', outcome: { result: 'failed', error: 'violates foreign key' } }],
    })
  })

  it('shows nothing of anybody else', () => {
    expect(json).not.toMatch(/somebody else|of_somebody_else/)
  })

  it.each(['text', 'parameters'] as const)('of an action with a secret in its %s is not held against a digest that nobody can make again', async (secret) => {
    const { problems, story } = verify(await receiptOf(requestOf(signer, 'req-1', secret), signer))
    expect(problems).toEqual([])
    expect(JSON.stringify(story.opened)).toContain('withheld')
  })

  test('is not believed with anything in it changed', () => {
    fc.assert(
      fc.property(fc.nat(json.length - 1), fc.integer({ min: 1, max: 127 }), (at, by) => {
        const text = json.slice(0, at) + String.fromCharCode(json.charCodeAt(at) ^ by) + json.slice(at + 1)
        try {
          const receipt = read(text)
          // JSON has several spellings of one value: white space, and the case of a digit in an escape.
          if (JSON.stringify(receipt) === json) return
          expect(verify(receipt).problems).not.toEqual([])
        } catch (error) {
          expect(error).toBeInstanceOf(LedgerError)
        }
      }),
      { numRuns: 1500 },
    )
  })

  const entry = (at: number) => good.entries[at] ?? { index: 0, line: '', proof: [], opened: [] }
  const replaced = (at: number, by: Partial<Receipt['entries'][number]>) => ({ ...good, entries: good.entries.with(at, { ...entry(at), ...by }) })
  /** With the story that its entries tell then. */
  const twice = (one: Receipt['entries'][number]) => {
    const entries = [...good.entries, one]
    return { ...good, entries, story: verifyReceipt({ ...good, entries }).story }
  }
  const told = (story: JsonValue): Receipt => ({ ...good, story: { ...good.story, story } })
  it.each<[string, Receipt, string, string]>([
    ['an entry of another place', replaced(0, { index: 2 }), 'altered', 'entry 2'],
    ['an entry that is not in the tree', replaced(0, { line: entry(0).line.replace('alice', 'mallory') }), 'altered', 'entry 1'],
    ['an entry of another request', { ...good, entries: [...good.entries, { ...entry(0), index: 2, line: writer.lines[2] ?? '' }] }, 'unreadable', 'entry 2'],
    [
      'a text that was not committed to',
      replaced(0, { opened: entry(0).opened.map((one) => ({ ...one, secret: { ...one.secret, text: 'SELECT 1' } })) }),
      'altered',
      'entry 1',
    ],
    ['an entry that is there twice', twice(entry(1)), 'altered', 'entry 3'],
    [
      'another text of the same event beside the one that was committed to',
      replaced(0, { opened: entry(0).opened.flatMap((one) => [one, { ...one, secret: { text: 'SELECT 1' } }]) }),
      'altered',
      'entry 1',
    ],
    [
      'a text of somebody else’s event that was not committed to',
      replaced(5, { opened: [...entry(5).opened, { event: 0, salt: '', secret: { text: 'SELECT 1' } }] }),
      'altered',
      'entry 7',
    ],
    ['a secret where there is none', replaced(2, { opened: entry(0).opened }), 'altered', 'entry 4'],
    ['a story that the entries do not tell', told('another'), 'altered', 'story'],
    [
      'another policy',
      {
        ...good,
        policy: { version: good.policy?.version ?? '', files: [{ ...POLICY[0], name: 'orders.cedar', text: 'forbid (principal, action, resource);' }] },
      },
      'altered',
      'policy',
    ],
    ['a checkpoint of another tree', { ...good, checkpoint: good.checkpoint.replace('\n9\n', '\n8\n') }, 'unsigned', 'checkpoint'],
    ['no beginning', { ...good, entries: good.entries.slice(1) }, 'missing', 'entries'],
    ['no keys', { ...good, keys: [], checkpoint: good.checkpoint.replace(/— .*/, '') }, 'unreadable', 'checkpoint'],
  ])('with %s is not believed, and says so', (_name, receipt, why, place) => {
    expect(verify(receipt).problems).toContainEqual(expect.objectContaining({ why, place }))
  })

  it('signed by somebody else is not believed where a key is trusted', async () => {
    const other = newSigner()
    const forged = await receiptOf(requestOf(other), other)
    expect(verifyReceipt(forged).problems).toEqual([])
    expect(verify(forged).problems).toEqual([expect.objectContaining({ why: 'unsigned', place: 'checkpoint' })])
  })

  const without = (...hidden: readonly number[]): Receipt => {
    const entries = good.entries.map((one, at) => (hidden.includes(at) ? { ...one, opened: [] } : one))
    return { ...good, entries, story: verifyReceipt({ ...good, entries }).story }
  }

  it('may leave texts closed, and then says which, and with which key they were sealed', () => {
    const { closed, problems } = verify(without(0, 5))
    expect(problems).toEqual([])
    expect(closed).toEqual([
      { index: 1, event: 0, type: 'request.opened', gateway: 'gw-a', key: dataKey.id },
      { index: 7, event: 1, type: 'action.finished', gateway: 'gw-a', key: dataKey.id },
    ])
    expect(verify({ ...good, entries: good.entries.map((one) => ({ ...one, opened: [] })) }).problems.map(({ place }) => place)).toEqual(['story'])
  })

  test('that shows some of it is completed by one that shows the rest', () => {
    const places = fc.uniqueArray(fc.nat(good.entries.length - 1))
    fc.assert(
      fc.property(places, places, (here, there) => {
        const [one, other] = [without(...here), without(...there.filter((at) => !here.includes(at)))]
        expect(completeReceipt(one, other)).toEqual(good)
        const both = completeReceipt(without(...here), without(...there))
        expect(verify(both).problems).toEqual([])
        expect(both).toEqual(without(...here.filter((at) => there.includes(at))))
      }),
    )
  })

  it('takes from another nothing that its entries do not commit to', () => {
    const closed = without(0)
    const invented = good.entries.map((one) => ({ ...one, opened: one.opened.map((shown) => ({ ...shown, secret: { text: 'SELECT 1' } })) }))
    expect(completeReceipt(closed, { ...good, entries: invented })).toEqual(closed)
    const misplaced = good.entries.map((one) => ({ ...one, opened: one.opened.map((shown) => ({ ...shown, event: shown.event + 7 })) }))
    expect(completeReceipt(closed, { ...good, entries: misplaced })).toEqual(closed)
    const elsewhere = good.entries.map((one) => ({ ...one, line: `${one.line} ` }))
    expect(completeReceipt(closed, { ...good, entries: elsewhere })).toEqual(closed)
  })

  it.each(['', '{}', '[]', 'null', json.replace('receipt/v1', 'receipt/v2'), json.replace('"proof":[', '"proof":[7,')])('is not read from %j', (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'unreadable' }))
  })
})
