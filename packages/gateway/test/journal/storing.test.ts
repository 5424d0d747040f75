import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Durability, type Journal } from '../../src/journal/journal.ts'
import { openJournal } from '../../src/journal/open.ts'
import { storing } from '../../src/journal/storing.ts'
import { newDirectory } from './directory.ts'

async function setup(stored: () => Promise<void>): Promise<{ readonly journal: Journal; readonly alone: Journal }> {
  const alone = await openJournal({ directory: newDirectory() })
  onTestFinished(() => alone.close())
  return { alone, journal: storing(alone, stored) }
}

const EVENT = { type: 'action.started', body: '{}', secret: null } as const
const join = (journal: Journal, durability?: Durability) => new Promise<Error | null>((resolve) => journal.join(EVENT, resolve, durability))

describe('a journal that waits for the store', () => {
  it('does so for whoever asks for that, and for nobody else', async () => {
    const inStore = Promise.withResolvers<void>()
    let asked = 0
    const { journal } = await setup(() => {
      asked += 1
      return inStore.promise
    })
    for (const durability of [undefined, 'process', 'disk'] as const) expect(await join(journal, durability)).toBeNull()
    await journal.append({ type: 'action.started', body: {} }, 'disk')
    expect(asked).toBe(0)
    const waiting = [journal.append({ type: 'action.started', body: {} }, 'store'), join(journal, 'store')]
    expect(await Promise.race([...waiting, sleep(50, 'still waiting')])).toBe('still waiting')
    inStore.resolve()
    expect(await Promise.all(waiting)).toEqual([{ seq: expect.any(Number), hash: expect.any(String) }, null])
    expect(asked).toBe(2)
  })

  it('refuses what did not get there, and goes on', async () => {
    const { journal } = await setup(() => Promise.reject(new Error('it is down')))
    const refused = { name: 'StoreUnavailable', message: 'a record did not reach the store: it is down' }
    expect(await join(journal, 'store')).toMatchObject(refused)
    await expect(journal.append({ type: 'action.started', body: {} }, 'store')).rejects.toMatchObject(refused)
    expect(journal.broken).toBeNull()
    expect(await join(journal, 'disk')).toBeNull()
  })

  it('is not what a journal alone is, which refuses', async () => {
    const { alone } = await setup(() => Promise.resolve())
    expect(await join(alone, 'store')).toMatchObject({ name: 'JournalBroken' })
    await expect(alone.append({ type: 'action.started', body: {} }, 'store')).rejects.toMatchObject({ name: 'JournalBroken' })
  })
})
