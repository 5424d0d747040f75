import { parseCheckpoint } from '@countersign/ledger/checkpoint'
import { verifierKey } from '@countersign/ledger/key'
import { parseNote, verifyNote } from '@countersign/ledger/note'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEAD_MS } from '../../src/ledger/lease.ts'
import { TreeAltered } from '../../src/ledger/stored-tiles.ts'
import { gatewayOn, Hands, leavesOf, newBed } from './bed.ts'
import { Chain } from './chain.ts'

const here = () => new Chain('gw-0000000001')
const there = () => new Chain('gw-0000000002')
const seqs = (chain: Chain, from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => `${chain.gateway} ${from + index}`)

async function settled(gateway: ReturnType<typeof gatewayOn>, clock: Hands) {
  await gateway.turn()
  clock.pass(5_000)
  return gateway.turn()
}

describe('one tree from many gateways', () => {
  test('has every entry of every chain once, each chain in its order, whatever is written when', async () => {
    const script = fc.array(fc.record({ chain: fc.nat(2), count: fc.integer({ min: 0, max: 40 }), turn: fc.boolean(), restart: fc.boolean() }), {
      maxLength: 12,
    })
    const property = fc.asyncProperty(script, fc.integer({ min: 1, max: 30 }), async (steps, batch) => {
      const { store } = await newBed()
      const first = here()
      const chains = [first, new Chain(`${first.gateway}-w1`, first.signer), there()]
      let gateway = gatewayOn(store, first, new Hands(), { batch })
      await Promise.all([first.enrol(store.ledger), chains[2]?.enrol(store.ledger)])
      for (const { chain, count, turn, restart } of steps) {
        if (count > 0) await chains[chain]?.act(store.ledger, count)
        if (restart) gateway = gateway.restarted()
        if (turn) await gateway.turn()
        if (turn && count % 2 === 0) await gateway.seal()
      }
      for (;;) {
        const turn = await gateway.turn()
        if (turn.role === 'sequencer' && turn.added === 0) break
      }
      const leaves = await leavesOf(store)
      for (const chain of chains) expect(leaves.filter((leaf) => leaf.startsWith(`${chain.gateway} `))).toEqual(seqs(chain, 1, chain.seq))
      expect(leaves).toHaveLength(chains.reduce((sum, { seq }) => sum + seq, 0))
    })
    await fc.assert(property, { numRuns: 10 })
  })

  test('begins with the key of the gateway that began it, however many wrote before', async () => {
    const { store } = await newBed()
    const [one, two] = [here(), there()]
    await one.act(store.ledger, 5)
    await two.enrol(store.ledger)
    await one.enrol(store.ledger)
    const gateway = gatewayOn(store, one, new Hands())
    await gateway.turn()
    await gateway.turn()
    expect(await leavesOf(store)).toEqual([...seqs(one, 1, 6), ...seqs(two, 1, 1)])
    expect(gateway.sequencer.growing?.trust.list()).toMatchObject([
      { gateway: one.gateway, trust: 'first' },
      { gateway: two.gateway, trust: 'none' },
    ])
  })

  test('is made by another gateway when the one that did falls silent, and by nobody that is not vouched for', async () => {
    const { store } = await newBed()
    const [one, two, clock] = [here(), there(), new Hands()]
    await one.enrol(store.ledger)
    await two.enrol(store.ledger)
    const [first, second] = [gatewayOn(store, one, clock), gatewayOn(store, two, clock)]
    await first.turn()
    await first.turn()
    expect(await second.turn()).toEqual({ role: 'standby' })
    clock.pass(DEAD_MS)
    expect(await second.turn()).toEqual({ role: 'unvouched' })
    await one.vouch(store.ledger, two)
    await first.turn()
    await second.turn()
    clock.pass(DEAD_MS - 1)
    expect(await second.turn()).toEqual({ role: 'standby' })
    clock.pass(1)
    await two.act(store.ledger, 3)
    expect(await second.turn()).toMatchObject({ role: 'sequencer', added: 3 })
    // The first comes back from wherever it was.
    await one.act(store.ledger, 2)
    expect(await first.turn()).toEqual({ role: 'standby' })
    expect(await second.turn()).toMatchObject({ role: 'sequencer', added: 2 })
    await second.sequencer.stop()
    expect(await first.turn()).toMatchObject({ role: 'sequencer' })
    expect(await leavesOf(store)).toHaveLength(8)
  })
})

describe('what is not what its gateway wrote stops its chain, and no other', () => {
  const ALTERED = [
    ['an entry that somebody changed', `update ledger set line = replace(line, '"index":1', '"index":7') where gateway = 'gw-0000000002' and seq = 3`],
    ['an entry that somebody took away', `delete from ledger where gateway = 'gw-0000000002' and seq = 3`],
    [
      'entries that somebody swapped',
      `update ledger set seq = 5 - seq where gateway = 'gw-0000000002' and false; update ledger set line = (select line from ledger where gateway = 'gw-0000000002' and seq = 4) where gateway = 'gw-0000000002' and seq = 3`,
    ],
    [
      'an entry of another gateway',
      `update ledger set line = (select line from ledger where gateway = 'gw-0000000001' and seq = 1) where gateway = 'gw-0000000002' and seq = 3`,
    ],
    ['what is no entry', `update ledger set line = 'nothing' where gateway = 'gw-0000000002' and seq = 3`],
    [
      'a head that its key did not sign',
      `update ledger_heads set signature = replace(signature, substr(signature, 1, 4), 'AAAA') where gateway = 'gw-0000000002' and seq > 1`,
    ],
    ['a head of another entry', `update ledger_heads set seq = seq - 1 where gateway = 'gw-0000000002' and seq > 1`],
    ['a head that is gone', `delete from ledger_heads where gateway = 'gw-0000000002' and seq > 1`],
  ] as const

  test.each(ALTERED)('%s', async (_what, change) => {
    const { store, sql } = await newBed()
    const [one, two, clock] = [here(), there(), new Hands()]
    const gateway = gatewayOn(store, one, clock)
    await one.enrol(store.ledger)
    await two.enrol(store.ledger)
    await gateway.turn()
    await gateway.turn()
    await two.act(store.ledger, 4)
    sql(change)
    await one.act(store.ledger, 3)
    const turn = await settled(gateway, clock)
    expect(turn).toMatchObject({ role: 'sequencer', stops: [{ gateway: two.gateway, why: expect.stringMatching(/entry \d/) }] })
    expect(await leavesOf(store)).toEqual([...seqs(one, 1, 1), ...seqs(two, 1, 1), ...seqs(one, 2, 4)])
  })

  test('an entry that nobody wrote, at the end of a chain', async () => {
    const { store } = await newBed()
    const [one, clock] = [here(), new Hands()]
    const gateway = gatewayOn(store, one, clock)
    await one.enrol(store.ledger)
    await gateway.turn()
    await store.ledger.append([one.next('action.decided', { invented: true })])
    expect(await settled(gateway, clock)).toMatchObject({ stops: [{ gateway: one.gateway, seq: 2, why: 'no signed head covers entry 2' }] })
    expect(await leavesOf(store)).toEqual(seqs(one, 1, 1))
  })

  test('a chain under a name that has enrolled no key, or is signed by a key that is not its own', async () => {
    const { store } = await newBed()
    const [one, clock] = [here(), new Hands()]
    const gateway = gatewayOn(store, one, clock)
    await one.enrol(store.ledger)
    await gateway.turn()
    await there().act(store.ledger, 1)
    await new Chain(`${one.gateway}-w1`).act(store.ledger, 1)
    const turn = await settled(gateway, clock)
    expect(turn).toMatchObject({
      stops: [{ gateway: `${one.gateway}-w1`, why: expect.stringContaining('not signed by') }, { why: expect.stringContaining('enrolled no key') }],
    })
  })

  test('a chain that was put right goes on', async () => {
    const { store, sql } = await newBed()
    const [one, clock] = [here(), new Hands()]
    const gateway = gatewayOn(store, one, clock)
    await one.enrol(store.ledger)
    const entries = await one.act(store.ledger, 3)
    sql(`delete from ledger where seq = 3`)
    expect(await settled(gateway, clock)).toMatchObject({ stops: [{ seq: 3 }] })
    await store.ledger.append(entries)
    expect(await gateway.turn()).toMatchObject({ added: 4, stops: [] })
  })
})

describe('a tree that was changed in the store is not gone on with', () => {
  const CHANGED = [
    ['a leaf that was signed for, changed', `update tiles set hashes = replace(hashes, substr(hashes, 1, 4), 'AAAA') where level = 0 and n = 0`],
    ['a tile that is gone', `delete from tiles where level = 0`],
    ['the end cut off', `update tree set size = 2`],
    ['the end cut off with its checkpoint', `update tree set size = 2; delete from checkpoints`],
    ['the whole tree gone', `update tree set size = 0; delete from tiles; delete from checkpoints; delete from tree_runs; delete from key_leaves`],
    ['another name', `update tree set origin = 'countersign/tree-ffffffffff'`],
    ['an entry after the last checkpoint, changed', `update ledger set line = replace(line, '"index":1', '"index":7') where seq = 8`],
    ['an entry after the last checkpoint, gone', `delete from ledger where seq = 8`],
    ['entries after the last checkpoint, in another order', `update tree_runs set seq = 2`],
    [
      'a tile after the last checkpoint',
      `update tiles set hashes = substr(hashes, 1, 42 * 6) || replace(substr(hashes, 42 * 6 + 1), 'A', 'B') where level = 0 and n = 0`,
    ],
    ['a key that is not the tree’s', `update ledger set line = replace(line, '"key":"', '"key":"A') where seq = 1`],
    ['the signature of the last checkpoint', `update checkpoints set note = substr(note, 1, length(note) - 12) || 'AAAAAAAAAA=' || char(10)`],
  ] as const

  test.each(CHANGED)('%s', async (_what, change) => {
    const { store, sql } = await newBed()
    const [one, clock] = [here(), new Hands()]
    const gateway = gatewayOn(store, one, clock)
    await one.enrol(store.ledger)
    await one.act(store.ledger, 5)
    await gateway.turn()
    await gateway.seal()
    await one.act(store.ledger, 4)
    await gateway.turn()
    expect(await gateway.restarted().turn()).toMatchObject({ role: 'sequencer' })
    sql(change)
    await expect(gateway.restarted().turn()).rejects.toThrow(TreeAltered)
  })

  test('not by a gateway either that remembers nothing, as long as there is a checkpoint', async () => {
    const { store, sql } = await newBed()
    const [one, clock] = [here(), new Hands()]
    const gateway = gatewayOn(store, one, clock)
    await one.enrol(store.ledger)
    await gateway.turn()
    await gateway.seal()
    sql(`update tiles set hashes = replace(hashes, substr(hashes, 1, 4), 'AAAA')`)
    gateway.forget()
    await expect(gateway.restarted().turn()).rejects.toThrow('not those that were signed')
  })
})

describe('a checkpoint', () => {
  test('is signed by the gateway’s key, says what no witness has seen, and is there once for each size', async () => {
    const { store } = await newBed()
    const [one, clock] = [here(), new Hands()]
    await one.enrol(store.ledger)
    await one.act(store.ledger, 300)
    const gateway = gatewayOn(store, one, clock, { witnessed: { size: 120, at: 86_400_000 } })
    await gateway.turn()
    await gateway.seal()
    expect(await gateway.seal()).toBeNull()
    const note = parseNote((await store.tree.checkpoint())?.note ?? '')
    const checkpoint = parseCheckpoint(note.text)
    const { origin } = await store.tree.state()
    expect(checkpoint).toMatchObject({ origin, size: 301, extensions: ['unwitnessed 120 1970-01-02T00:00:00.000Z'] })
    expect(verifyNote(note, [verifierKey(origin, one.signer.publicKey)])).toHaveLength(1)
    await leavesOf(store)
  })

  test('is not signed before the key that signs is in the tree', async () => {
    const { store } = await newBed()
    const one = here()
    await one.act(store.ledger, 3)
    const gateway = gatewayOn(store, one, new Hands())
    await gateway.turn()
    expect(await gateway.seal()).toBeNull()
    expect(await store.tree.checkpoint()).toBeNull()
  })
})
