import pino from 'pino'
import { expect, test, vi } from 'vitest'
import { Slot } from '../../src/workers/slot.ts'

const told: unknown[] = []

vi.mock('../../src/workers/member.ts', () => ({
  Member: class {
    readonly exited = new Promise(() => undefined)
    start = async () => void told.push('started')
    changed = (event: unknown) => void told.push(event)
    stop = async () => undefined
  },
}))

test('a worker that is ready reads again what may have changed while it was starting', async () => {
  const log = pino({ level: 'silent' })
  const policies = { files: [], engine: { version: 'v1' } as never }
  const slot = new Slot(1, { config: {} as never, policies, log, answers: new Map(), onServing: () => undefined })
  await slot.open()
  expect(told).toEqual(['started', { kind: 'resync' }])
  await slot.stop()
})
