import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEntry } from '@countersign/ledger/entry'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { openJournal, type LocalJournal } from '../../src/journal/open.ts'
import { readJournal } from '../../src/journal/read.ts'
import type { Made } from '../../src/recordings/follower.ts'
import { Keeping } from '../../src/recordings/keeping.ts'
import { openPlace, type Place } from '../../src/recordings/place.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'

/** The process is gone: nothing that it began comes to an end. */
class Killed extends Error {}

let folder: string
let store: Store
let journal: LocalJournal
let place: Place

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-keeping-'))
  journal = await openJournal({ directory: folder })
  store = await openStore({ store: { kind: 'sqlite' }, data: folder })
  place = openPlace({ place: { directory: join(folder, 'kept') }, key: null, retentionMs: null })
})

afterEach(async () => {
  await store.close()
  await journal.close()
  rmSync(folder, { recursive: true })
})

function made(content: string): Made {
  const path = join(folder, 'made.age')
  writeFileSync(path, content)
  const begin = { session: 'ses-1', gateway: 'gw-1', principal: 'alice@example.com/claude', resource: 'db', at: 5 } as Made['begin']
  return { begin, endedAt: 9, path, sha256: content.padEnd(64, '0'), bytes: content.length, statements: 1, failed: 0, rows: 2, answered: 30 }
}

/** Dies at its step number `at`, before or after it has had its effect. */
function dying(at: number, after: boolean): Keeping {
  let steps = 0
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    steps += 1
    if (steps === at && !after) throw new Killed()
    const result = await work()
    if (steps >= at) throw new Killed()
    return result
  }
  const { recordings } = store
  return new Keeping({
    store: {
      recordings: {
        ...recordings,
        get: (session) => recordings.get(session),
        list: (filter) => recordings.list(filter),
        insert: (record) => step(() => recordings.insert(record)),
        save: (record) => step(() => recordings.save(record)),
        place: (gateway) => recordings.place(gateway),
        setPlace: (gateway, seq) => recordings.setPlace(gateway, seq),
      },
    },
    journal: {
      gateway: journal.gateway,
      latest: 0,
      broken: null,
      join: () => expect.unreachable(),
      close: () => expect.unreachable(),
      append: (event, durability) => step(() => journal.append(event, durability)),
    },
    local: journal,
    place: {
      put: (session, path, digest) => step(() => place.put(session, path, digest)),
      get: (session) => place.get(session),
      remove: (session) => step(() => place.remove(session)),
    },
    clock: systemClock,
  })
}

const whole = () => new Keeping({ store, journal, local: journal, place, clock: systemClock })

async function entries(): Promise<readonly string[]> {
  await journal.sync()
  const types: string[] = []
  for await (const line of readJournal(folder, journal.gateway)) types.push(parseEntry(Buffer.from(line).toString('utf8')).type)
  return types
}

async function kept(): Promise<string> {
  return Buffer.concat(await (await place.get('ses-1')).toArray()).toString()
}

const deaths = [1, 2, 3, 4].flatMap((at) => [false, true].map((after) => [at, after] as const))

test.each(deaths)('a gateway that dies at step %i of keeping a recording (after it: %s) has kept it once afterwards', async (at, after) => {
  await expect(dying(at, after).keep(made('first'))).rejects.toThrow(Killed)
  const isCommitted = (await store.recordings.get('ses-1')) !== null
  await whole().settle()
  await whole().keep(made('again')) // what is read twice is made twice
  await whole().settle()
  expect(await entries()).toEqual(['recording.finished'])
  expect(await store.recordings.get('ses-1')).toMatchObject({ stage: 'recorded', user: 'alice@example.com', principal: 'alice@example.com/claude' })
  expect(await kept()).toBe(isCommitted ? 'first' : 'again')
})

test.each(deaths)('a gateway that dies at step %i of deleting one (after it: %s) has deleted it once afterwards', async (at, after) => {
  await whole().keep(made('first'))
  const record = await store.recordings.get('ses-1')
  if (!record) throw new Error('it was not kept')
  await expect(dying(at, after).remove(record, 'retention')).rejects.toThrow(Killed)
  await whole().settle()
  const now = await store.recordings.get('ses-1')
  if (now?.stage === 'recorded') await whole().remove(now, 'retention')
  expect(await entries()).toEqual(['recording.finished', 'recording.deleted'])
  expect(await store.recordings.get('ses-1')).toMatchObject({ stage: 'deleted', deleted: { why: 'retention' } })
  await expect(place.get('ses-1')).rejects.toThrow('ENOENT')
})

test('a session’s id is no way out of the folder', async () => {
  for (const session of ['../ses-1', 'ses-../x', 'ses-1/../../x', '', 'ses-A']) {
    await expect(place.get(session)).rejects.toThrow('no session’s id')
    await expect(place.put(session, join(folder, 'gateway-id'), { sha256: '', bytes: 0 })).rejects.toThrow('no session’s id')
    await expect(place.remove(session)).rejects.toThrow('no session’s id')
  }
})
