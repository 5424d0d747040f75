import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { POLICY } from './support/replicas.ts'
import { openStage, type Stage } from './support/stage.ts'

const LOCKED_MS = 1_900
/** Far less than the lock lasts, and enough for a loaded machine. */
const FLOWING_MS = 1_000

const READ = 'SELECT count(*)::int AS n FROM orders'

let stage: Stage
let client: pg.Client

beforeAll(async () => {
  stage = await openStage({ policy: POLICY })
  const { host, port } = stage.gateway.postgres
  client = new pg.Client({ host, port, user: stage.alice.user, password: stage.alice.token, database: 'db' })
  await client.connect()
  await client.query(READ) // the first asks what its names mean
})

afterAll(async () => {
  await client?.end()
  await stage?.close()
})

/** Holds SQLite's write lock, as a backup that goes wrong does. */
async function whileLocked<T>(work: () => Promise<T>): Promise<T> {
  // The gateway may be writing just now.
  const database = new DatabaseSync(join(stage.gateway.data, 'countersign.db'), { timeout: 5_000 })
  database.exec('BEGIN EXCLUSIVE')
  try {
    return await work()
  } finally {
    database.exec('ROLLBACK')
    database.close()
  }
}

it('keeps no statement that policy allows waiting while another process holds the lock of SQLite', async () => {
  const slowest = await whileLocked(async () => {
    let worst = 0
    for (const end = performance.now() + LOCKED_MS; performance.now() < end;) {
      const began = performance.now()
      expect((await client.query(READ)).rows).toEqual([{ n: 20 }])
      worst = Math.max(worst, performance.now() - began)
    }
    return worst
  })
  expect(slowest).toBeLessThan(FLOWING_MS)
})

it('opens a request when the lock is gone, and nothing is lost', async () => {
  const waiting = await whileLocked(async () => {
    const write = client.query("UPDATE orders SET status = 'paid' WHERE id = 3")
    await new Promise((resolve) => setTimeout(resolve, LOCKED_MS))
    expect(await stage.runs()).toBe(0)
    return { write }
  })
  for (;;) {
    const [request] = await stage.bob.api.requests({ inbox: true })
    if (!request) continue
    await stage.bob.api.approve({ id: request.id })
    break
  }
  expect((await waiting.write).rowCount).toBe(1)
  expect(await stage.runs()).toBe(1)
})
