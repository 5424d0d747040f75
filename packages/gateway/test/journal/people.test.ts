import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEntry } from '@countersign/ledger/entry'
import { eventsOf, openEvents } from '@countersign/ledger/group'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { openJournal } from '../../src/journal/open.ts'
import { eraseKeys, peopleIn } from '../../src/journal/people.ts'
import { keysIn, linesOf, newDirectory, verify } from './directory.ts'

const ALICE = 'alice@example.com'
const BOB = 'bob@example.com'

const happened = fc.record({
  person: fc.constantFrom(null, ALICE, BOB),
  how: fc.constantFrom('append' as const, 'join' as const),
  text: fc.string({ unit: 'grapheme' }),
})

const erase = (directory: string, user: string) =>
  eraseKeys(
    directory,
    peopleIn(directory).filter((key) => key.user === user),
  )

/** What each event of a journal holds, null where it does not open any more. */
async function texts(directory: string, gateway: string) {
  const entries = (await linesOf(directory, gateway)).map(parseEntry)
  const keys = keysIn(directory)
  return entries.flatMap((entry) =>
    openEvents(entry, keys).flatMap((opened, at) => (eventsOf(entry)[at]?.type.startsWith('action.') ? [opened?.secret['text'] ?? null] : [])),
  )
}

describe('what is personal', () => {
  test('is gone with the keys of its person, and nothing else is; the chain verifies as before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happened, { minLength: 1, maxLength: 12 }), async (list) => {
        const directory = newDirectory()
        const journal = await openJournal({ directory })
        for (const { person, how, text } of list) {
          const secret = { text }
          if (how === 'append') await journal.append({ type: 'action.decided', body: {}, secret, person }, 'process')
          else journal.join({ type: 'action.started', body: '{}', secret: JSON.stringify(secret), person })
        }
        await journal.sync()
        expect(await texts(directory, journal.gateway)).toEqual(list.map(({ text }) => text))
        const erased = erase(directory, ALICE)
        journal.forget(erased)
        await journal.append({ type: 'person.erased', body: { keys: erased } }, 'disk')
        await journal.append({ type: 'action.decided', body: {}, secret: { text: 'again' }, person: ALICE }, 'disk')
        await journal.close()
        expect(await texts(directory, journal.gateway)).toEqual([...list.map(({ text, person }) => (person === ALICE ? null : text)), 'again'])
        expect(await verify(directory, journal.gateway)).toMatchObject({ bad: null, unopened: 0, erased: list.filter(({ person }) => person === ALICE).length })
      }),
      { numRuns: 25 },
    )
  })

  it('is sealed with the same key after a restart, and with another in every journal of a directory', async () => {
    const directory = newDirectory()
    for (const worker of [undefined, 1, 1, undefined]) {
      const journal = await openJournal({ directory, ...(worker !== undefined && { worker }) })
      await journal.append({ type: 'action.decided', body: {}, secret: { text: 'x' }, person: ALICE }, 'disk')
      await journal.close()
    }
    const keys = peopleIn(directory)
    expect(keys.map(({ user }) => user)).toEqual([ALICE, ALICE])
    expect(new Set(keys.map(({ gateway }) => gateway)).size).toBe(2)
    expect(erase(directory, ALICE)).toHaveLength(2)
    expect(erase(directory, ALICE)).toEqual([])
    expect(peopleIn(directory)).toEqual([])
  })

  it('has nobody in the name of a file or in an entry, and keys that only their owner reads', async () => {
    const directory = newDirectory()
    const journal = await openJournal({ directory })
    await journal.append({ type: 'action.decided', body: {}, secret: { text: 'x' }, person: ALICE }, 'disk')
    await journal.close()
    expect(readdirSync(join(directory, 'keys')).join()).not.toContain('alice')
    expect((await linesOf(directory, journal.gateway)).join()).not.toContain('alice')
    const [own] = peopleIn(directory)
    expect(readFileSync(join(directory, 'keys', `${own?.id}.key`), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/)
  })
})
