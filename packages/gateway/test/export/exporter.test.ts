import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Exporter, type ExporterOptions } from '../../src/export/exporter.ts'
import { jsonl } from '../../src/export/jsonl.ts'
import { DEAD_MS } from '../../src/export/lease.ts'
import { NO_KEYS } from '../../src/export/opening.ts'
import { type Batch, type Target, TargetError } from '../../src/export/targets/target.ts'
import { openStore } from '../../src/store/open.ts'
import { type Store, StoreUnavailable } from '../../src/store/store.ts'
import { leavesOf, SAMPLES } from './samples.ts'
import { grow } from './tree.ts'

const ENTRIES = 60
const LEAVES = leavesOf(Array.from({ length: ENTRIES }, (_, index) => ({ ...SAMPLES['session.refused'], body: { index, text: 'x'.repeat(20_000) } })))
const IDS = LEAVES.map(({ gateway, seq }) => `${gateway}:${seq}`)

let data: string
let store: Store
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'countersign-exporter-'))
  store = await openStore({ store: { kind: 'sqlite' }, data })
})
afterEach(async () => {
  await store.close()
  rmSync(data, { recursive: true })
})

/** What may become of one attempt to deliver. */
const OUTCOMES = ['taken', 'refused', 'part taken', 'taken and not heard of', 'killed before', 'killed after', 'store fails'] as const
type Outcome = (typeof OUTCOMES)[number]

/** A target, the gateways that deliver to it, and what happens to them, attempt by attempt; when the story is over all goes well. */
class Story {
  readonly received: string[] = []
  readonly #outcomes: Outcome[]
  readonly #gateways = new Map<string, AbortController>()
  #storeFails = false
  readonly #name: string

  constructor(name: string, outcomes: readonly Outcome[]) {
    this.#name = name
    this.#outcomes = [...outcomes]
  }

  /** Runs until it is stopped; a gateway that is killed is started again. */
  async run(gateway: string): Promise<void> {
    while (this.received.at(-1) !== IDS.at(-1)) {
      const killed = new AbortController()
      this.#gateways.set(gateway, killed)
      const finished = this.#finished(killed)
      await new Exporter({ ...this.#options(gateway), target: this.#target(gateway) }).run(killed.signal)
      await finished
    }
  }

  async #finished(killed: AbortController): Promise<void> {
    while (!killed.signal.aborted) {
      if (this.received.at(-1) === IDS.at(-1) && (await store.exports.state(this.#name)).position === ENTRIES) killed.abort()
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  #options(gateway: string): Omit<ExporterOptions, 'target'> {
    const exports = { ...methodsOf(store.exports), advance: (...args: Parameters<typeof store.exports.advance>) => this.#advance(gateway, ...args) }
    const silent = { onTrouble: () => undefined, onUnreadable: expect.unreachable }
    return {
      name: this.#name,
      gateway,
      store: { tree: store.tree, exports },
      format: jsonl,
      keys: NO_KEYS,
      monotonic: () => performance.now() * 1000, // who is silent for 15 ms is dead
      timing: { pollMs: 1, pauseMs: () => 0 },
      ...silent,
    }
  }

  #target(gateway: string): Target {
    return {
      deliver: ({ records }: Batch) => {
        const outcome = this.#outcomes.shift() ?? 'taken'
        const ids = records.map(({ id }) => id)
        if (outcome === 'killed before') this.#gateways.get(gateway)?.abort()
        if (outcome === 'refused' || outcome === 'killed before') return Promise.reject(new TargetError('no'))
        this.received.push(...(outcome === 'part taken' ? ids.slice(0, ids.length / 2) : ids))
        if (outcome === 'part taken' || outcome === 'taken and not heard of') return Promise.reject(new TargetError('no'))
        if (outcome === 'killed after') this.#gateways.get(gateway)?.abort()
        if (outcome === 'store fails') this.#storeFails = true
        return Promise.resolve()
      },
    }
  }

  /** A gateway that is killed remembers nothing any more. */
  #advance(gateway: string, ...args: Parameters<typeof store.exports.advance>): Promise<boolean> {
    const fails = this.#storeFails || this.#gateways.get(gateway)?.signal.aborted === true
    this.#storeFails = false
    return fails ? Promise.reject(new StoreUnavailable('gone')) : store.exports.advance(...args)
  }
}

const methodsOf = (exports: Store['exports']): Store['exports'] => ({
  state: (name) => exports.state(name),
  take: (holder, seen) => exports.take(holder, seen),
  renew: (held) => exports.renew(held),
  advance: (held, position) => exports.advance(held, position),
  release: (held) => exports.release(held),
})

describe('an export', () => {
  test('delivers each entry at least once and in order, whatever fails when, with one gateway and with two', async () => {
    await grow(store, LEAVES)
    let stories = 0
    const property = fc.asyncProperty(fc.array(fc.constantFrom(...OUTCOMES), { maxLength: 12 }), fc.boolean(), async (outcomes, two) => {
      const story = new Story(`story-${stories++}`, outcomes)
      await Promise.all((two ? ['gw-1', 'gw-2'] : ['gw-1']).map((gateway) => story.run(gateway)))
      expect([...new Set(story.received)]).toEqual(IDS) // a set keeps the order in which each was first there
    })
    await fc.assert(property, { numRuns: 25 })
  })

  test('goes on where it was, and with what comes later', async () => {
    await grow(store, LEAVES.slice(0, 10))
    const taken: string[] = []
    const target: Target = { deliver: ({ records }) => Promise.resolve(void taken.push(...records.map(({ id }) => id))) }
    for (const [more, expected] of [
      [10, 10],
      [20, 20],
    ] as const) {
      const stopping = new AbortController()
      const running = exporter(target).run(stopping.signal)
      await expect.poll(() => taken.length).toBe(expected)
      await expect.poll(async () => (await store.exports.state('one')).position).toBe(expected)
      stopping.abort()
      await running
      if (more < 20) await grow(store, LEAVES.slice(more, more + 10))
    }
    expect(taken).toEqual(IDS.slice(0, 20))
  })

  test('has its batches ended by their length, and named by what is in them', async () => {
    await grow(store, LEAVES)
    const batches: Batch[] = []
    const stopping = new AbortController()
    const running = exporter({ deliver: (batch) => Promise.resolve(void batches.push(batch)) }).run(stopping.signal)
    await expect.poll(() => batches.at(-1)?.to).toBe(ENTRIES)
    stopping.abort()
    await running
    expect(batches.length).toBeGreaterThan(2)
    const { origin } = await store.tree.state()
    for (const { id, from, to, records } of batches) {
      expect(id).toBe(`${origin.slice('countersign/'.length)}_one_${from}-${to}`)
      expect(records.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThan(600 * 1024)
    }
  })

  test('goes on past what is not as a gateway wrote it, and says where that is', async () => {
    const [first, second, third] = LEAVES
    if (!first || !second || !third) throw new Error('there are too few')
    await grow(store, [first, { ...second, line: 'not an entry' }, third])
    await store.ledger.append([])
    const places: string[] = []
    const texts: string[] = []
    const stopping = new AbortController()
    const target: Target = { deliver: ({ records }) => Promise.resolve(void texts.push(...records.map(({ text }) => text))) }
    const running = exporter(target, { onUnreadable: (place) => void places.push(place) }).run(stopping.signal)
    await expect.poll(() => texts.length).toBe(3)
    stopping.abort()
    await running
    expect(places).toEqual(['entry 2 of gw-0000000001'])
    expect(texts[1]).toBe('{"unreadable":{"index":1,"gateway":"gw-0000000001","seq":2,"why":"unreadable"}}')
  })

  test('tells of trouble, how far behind it is, and that it is over', async () => {
    await grow(store, LEAVES.slice(0, 3))
    const told: (string | null)[] = []
    let down = true
    const target: Target = { deliver: () => (down ? Promise.reject(new TargetError('it is down')) : Promise.resolve()) }
    const one = exporter(target, { onTrouble: (error) => void told.push(error?.message ?? null) })
    const stopping = new AbortController()
    const running = one.run(stopping.signal)
    await expect.poll(() => one.status.trouble?.message).toBe('it is down')
    down = false
    await expect.poll(() => one.status).toEqual({ name: 'one', behind: 0, trouble: null })
    stopping.abort()
    await running
    expect(told.at(-1)).toBeNull()
  })

  test('is delivered by one gateway, and by another when that one is silent', async () => {
    let now = 0
    const lease = async (gateway: string) => exporter({ deliver: () => Promise.resolve() }, { gateway, monotonic: () => now })
    await grow(store, LEAVES.slice(0, 3))
    const held = await store.exports.take('gw-1', await store.exports.state('one'))
    if (!held) throw new Error('nobody else is there')
    const other = await lease('gw-2')
    const stopping = new AbortController()
    const running = other.run(stopping.signal)
    await new Promise((resolve) => setTimeout(resolve, 50))
    now = DEAD_MS - 1
    await store.exports.renew(held)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await store.exports.state('one')).holder).toBe('gw-1')
    now = 3 * DEAD_MS
    await expect.poll(async () => (await store.exports.state('one')).position).toBe(3)
    expect((await store.exports.state('one')).holder).toBe('gw-2')
    expect(await store.exports.advance(held, 2)).toBe(false)
    stopping.abort()
    await running
    expect((await store.exports.state('one')).holder).toBeNull()
  })
})

function exporter(target: Target, more: Partial<ExporterOptions> = {}): Exporter {
  return new Exporter({
    name: 'one',
    gateway: 'gw-1',
    store,
    format: jsonl,
    target,
    keys: NO_KEYS,
    monotonic: () => performance.now(),
    onTrouble: () => undefined,
    onUnreadable: expect.unreachable,
    timing: { pollMs: 1, pauseMs: () => 1 },
    ...more,
  })
}
