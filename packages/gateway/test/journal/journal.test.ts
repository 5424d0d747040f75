import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { canonical } from '@countersign/ledger/canonical'
import { parseEntry } from '@countersign/ledger/entry'
import { eventsOf, openEvents } from '@countersign/ledger/group'
import { unseal } from '@countersign/ledger/seal'
import fc from 'fast-check'
import { describe, expect, it, test, vi } from 'vitest'
import { listSegments, segmentPath } from '../../src/journal/files.ts'
import type { Event } from '../../src/journal/journal.ts'
import { openJournal } from '../../src/journal/open.ts'
import { keysIn, linesOf, newDirectory, verify } from './directory.ts'

const EVENT: Event = { type: 'action.decided', body: { effect: 'allow' }, secret: { text: 'SELECT 1' } }
const json = fc.jsonValue().map((value): Event['body'][string] => JSON.parse(JSON.stringify(value)))
const record = fc.dictionary(fc.string({ unit: 'grapheme' }), json, { maxKeys: 3 })
const event = fc.record({ type: fc.constantFrom<Event['type']>('action.decided', 'grant.issued'), body: record, secret: record })
const durability = fc.constantFrom('process' as const, 'disk' as const)

/** A closed journal with that many entries. */
async function written(directory: string, entries: number, segmentBytes?: number): Promise<string> {
  const journal = await openJournal({ directory, ...(segmentBytes && { segmentBytes }) })
  for (let index = 0; index < entries; index += 1) await journal.append(EVENT, 'process')
  await journal.close()
  return journal.gateway
}

const onlySegment = (directory: string, gateway: string) => segmentPath(directory, { gateway, number: 1 })

describe('a journal', () => {
  test('gives back what was appended, in order, over restarts and full segments', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(fc.tuple(event, durability), { maxLength: 12 }), { minLength: 1, maxLength: 3 }), async (runs) => {
        const directory = newDirectory()
        let gateway = ''
        for (const run of runs) {
          const journal = await openJournal({ directory, segmentBytes: 1000 })
          gateway = journal.gateway
          await Promise.all(run.map(([event, durability]) => journal.append(event, durability)))
          await journal.close()
        }
        const keys = keysIn(directory)
        const found = (await linesOf(directory, gateway)).map((line) => {
          const entry = parseEntry(line)
          const key = keys.get(entry.sealed?.key ?? '')
          return { type: entry.type, body: entry.body, secret: key && unseal(entry, key) }
        })
        expect(found).toEqual(runs.flat().map(([event]) => JSON.parse(JSON.stringify(event))))
        expect((await verify(directory, gateway)).bad).toBeNull()
      }),
      { numRuns: 30 },
    )
  })

  test('goes on after a last line that was cut anywhere, without what was never whole, and says so', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.nat(), async (entries, position) => {
        const directory = newDirectory()
        const gateway = await written(directory, entries)
        const path = onlySegment(directory, gateway)
        const lines = await linesOf(directory, gateway)
        const last = Buffer.byteLength(lines.at(-1) ?? '')
        const cut = 1 + (position % last)
        truncateSync(path, statSync(path).size - cut)

        const journal = await openJournal({ directory })
        await journal.close()
        const after = await linesOf(directory, gateway)
        expect(after.slice(0, entries - 1)).toEqual(lines.slice(0, -1))
        expect((await verify(directory, gateway)).bad).toBeNull()
        // Only the line end was cut: the entry is whole and stays.
        if (cut === 1) expect(after).toEqual(lines)
        else expect(parseEntry(after.at(-1) ?? '')).toMatchObject({ seq: entries, type: 'journal.recovered', body: { bytes: last + 1 - cut } })
      }),
      { numRuns: 40 },
    )
  })

  it('is verified before anything is added to it', async () => {
    const directory = newDirectory()
    const gateway = await written(directory, 3)
    const path = onlySegment(directory, gateway)
    writeFileSync(path, readFileSync(path, 'utf8').replace('allow', 'deny'))
    await expect(openJournal({ directory })).rejects.toMatchObject({ name: 'JournalBroken', message: expect.stringMatching(/line 1: .*altered/) })
    appendFileSync(path, 'garbage\n')
    await expect(openJournal({ directory })).rejects.toMatchObject({ name: 'JournalBroken' })
  })

  it('has one owner', async () => {
    const directory = newDirectory()
    const journal = await openJournal({ directory })
    await expect(openJournal({ directory })).rejects.toMatchObject({ name: 'JournalBroken', message: expect.stringContaining('in use by another gateway') })
    await journal.close()
    await (await openJournal({ directory })).close()
  })

  it('keeps what people typed out of every file, and its keys from everybody else', async () => {
    const directory = newDirectory()
    const journal = await openJournal({ directory, segmentBytes: 1000 })
    for (let index = 0; index < 8; index += 1) await journal.append({ ...EVENT, secret: { text: 'canary-4f1d', list: [{ reason: 'canary-4f1d' }] } }, 'disk')
    await journal.close()
    const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((file) => file.isFile())
    expect(files.length).toBeGreaterThan(4)
    for (const { parentPath, name } of files) {
      const path = join(parentPath, name)
      expect(readFileSync(path).includes('canary')).toBe(false)
      if (!name.endsWith('.lock')) expect(statSync(path).mode & 0o077).toBe(0)
    }
  })

  test('makes one entry of all that joins in one turn, in the order of what happened, and each can be opened by itself', async () => {
    const steps = fc.oneof(fc.record({ join: record, secret: fc.option(record) }), fc.constant('append' as const), fc.constant('turn' as const))
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 30 }), async (story) => {
        const directory = newDirectory()
        const journal = await openJournal({ directory, segmentBytes: 2000 })
        const written: (string | null)[] = []
        for (const step of story) {
          if (step === 'append') await journal.append(EVENT, 'process')
          else if (step === 'turn') await setImmediate()
          else
            journal.join({ type: 'action.started', body: canonical(step.join), secret: step.secret && canonical(step.secret) }, (error) =>
              written.push(error && error.message),
            )
        }
        await journal.close()
        const joined = story.filter((step) => typeof step === 'object')
        expect(written).toEqual(joined.map(() => null))
        const keys = keysIn(directory)
        const entries = (await linesOf(directory, journal.gateway)).map(parseEntry)
        const found = entries.flatMap((entry) => {
          const opened = openEvents(entry, keys)
          return eventsOf(entry).map(({ type, body }, index) => ({ type, body, secret: opened[index]?.secret ?? null }))
        })
        const expected = story.flatMap((step): unknown => {
          if (step === 'turn') return []
          return step === 'append' ? [EVENT] : [{ type: 'action.started', body: step.join, secret: step.secret }]
        })
        expect(found).toEqual(JSON.parse(JSON.stringify(expected)))
        expect(entries.length).toBeLessThanOrEqual(2 * story.filter((step) => typeof step === 'string').length + 1)
        expect((await verify(directory, journal.gateway)).bad).toBeNull()
      }),
      { numRuns: 30 },
    )
  })

  it('makes another entry of what is too much for one', async () => {
    const directory = newDirectory()
    const journal = await openJournal({ directory })
    const event = (run: string, text: string) => ({ type: 'action.started', body: `{"run":"${run}"}`, secret: canonical({ text }) }) as const
    for (let index = 0; index < 1_001; index += 1) journal.join(event(`ses-1.${index}`, ''))
    journal.join(event('ses-2.1', 'x'.repeat(2 * 1024 * 1024)))
    journal.join(event('ses-2.2', ''))
    await journal.close()
    const sizes = (await linesOf(directory, journal.gateway)).map((line) => eventsOf(parseEntry(line)).length)
    expect(sizes).toEqual([1_000, 2, 1])
    expect((await verify(directory, journal.gateway)).bad).toBeNull()
  })

  it('tells whoever joined that it broke, and takes nothing after', async () => {
    const directory = newDirectory()
    const journal = await openJournal({ directory })
    const told: unknown[] = []
    const event = { type: 'action.started', body: '{"run":"ses-1.1"}', secret: null } as const
    journal.join(event, (error) => told.push(error))
    journal.fail('the store knows another history')
    journal.join(event, (error) => told.push(error))
    journal.join(event)
    await journal.close()
    expect(told).toMatchObject([{ name: 'JournalBroken' }, { name: 'JournalBroken' }])
    expect(await linesOf(directory, journal.gateway)).toEqual([])
  })

  it('never goes back in time, and says how far it is', async () => {
    const directory = newDirectory()
    let now = 5000
    const journal = await openJournal({ directory, clock: () => now })
    expect(journal.latest).toBe(0)
    await journal.append(EVENT, 'process')
    now = 2000
    await journal.append(EVENT, 'process')
    expect(journal.latest).toBe(5000)
    await journal.close()
    const again = await openJournal({ directory, clock: () => now })
    expect(again.latest).toBe(5000)
    await again.close()
    expect((await verify(directory, journal.gateway)).warnings).toEqual([])
  })

  it('refuses an event that has no JSON form, and goes on', async () => {
    const directory = newDirectory()
    const journal = await openJournal({ directory })
    await expect(journal.append({ ...EVENT, secret: { text: 'a\ud800' } }, 'process')).rejects.toMatchObject({ name: 'LedgerError', code: 'not-json' })
    expect(await journal.append(EVENT, 'process')).toMatchObject({ seq: 1 })
    await journal.close()
    expect((await verify(directory, journal.gateway)).bad).toBeNull()
  })

  it('is done when it is closed: all that was asked for is written, and nothing after', async () => {
    const directory = newDirectory()
    const onBroken = vi.fn<(why: string) => void>()
    const journal = await openJournal({ directory, onBroken })
    const pending = Array.from({ length: 10 }, () => journal.append(EVENT, 'disk'))
    await journal.close()
    expect((await Promise.all(pending)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    await expect(journal.append(EVENT, 'process')).rejects.toMatchObject({ name: 'JournalBroken' })
    await expect(journal.sync()).rejects.toMatchObject({ name: 'JournalBroken' })
    expect(onBroken).not.toHaveBeenCalled()
  })

  it('stays broken, tells once, and rejects what was under way', async () => {
    const directory = newDirectory()
    const onBroken = vi.fn<(why: string) => void>()
    const journal = await openJournal({ directory, onBroken })
    const pending = journal.append(EVENT, 'disk')
    journal.fail('the store knows another history')
    journal.fail('something else')
    await expect(pending).rejects.toMatchObject({ name: 'JournalBroken', message: expect.stringContaining('another history') })
    await expect(journal.append(EVENT, 'process')).rejects.toMatchObject({ name: 'JournalBroken' })
    expect(onBroken.mock.calls).toEqual([['the store knows another history']])
    await journal.close()
    expect(listSegments(directory, journal.gateway)).toHaveLength(1)
  })
})
