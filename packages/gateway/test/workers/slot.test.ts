import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import pino from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { openPolicies } from '../../src/policy/reload.ts'
import { Slot } from '../../src/workers/slot.ts'

const EXAMPLE = new URL('../../../../examples/countersign.yaml', import.meta.url).pathname

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => vi.useRealTimers())

const processes = () => readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean)

test.runIf(process.platform === 'linux')('a worker that has not started within a minute is given up, and its process with it', async () => {
  const before = processes()
  const config = loadConfig(EXAMPLE, { ORDERS_DB_PASSWORD: 'x' })
  const policies = openPolicies(config)
  const slot = new Slot(1, {
    config,
    policies,
    log: pino({ level: 'silent' }),
    answers: new Map(),
    onServing: () => expect.unreachable('nobody serves'),
  })
  let outcome: unknown = null
  const opened = slot.open().catch((error: unknown) => (outcome = error))
  expect(processes().length).toBe(before.length + 1) // its own start-up takes longer than all that follows
  await vi.advanceTimersByTimeAsync(59_999)
  expect(outcome).toBeNull()
  await vi.advanceTimersByTimeAsync(1)
  await opened
  expect(outcome).toEqual(new Error('worker 1 cannot start: worker 1 of this gateway did not answer within 60 s'))
  await expect.poll(processes).toEqual(before)
  expect(slot.serve(new Socket())).toBe(false)
  policies.close()
  await slot.stop()
})
