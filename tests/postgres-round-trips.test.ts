import { connect, createServer, type Server } from 'node:net'
import { bind as bindMessage, execute, parse, sync } from '@countersign/wire/postgres/encode'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import type { PostgresServer } from './support/postgres.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient } from './support/wire.ts'

const POLICY = `@id("works") permit (principal, action in [Action::"connect", Action::"sql"], resource);`
/** One way, between the gateway and its target: longer than it takes to send a pipeline. */
const DELAY_MS = 40
const STATEMENTS = 20

const bind = (value: number) => bindMessage({ portal: '', statement: 's', formats: [], values: [Buffer.from(String(value))], resultFormats: [] })

describe('a pipeline that policy allows', () => {
  let stage: Stage
  let far: Server
  /** How often the gateway has sent something after it was answered, on any of its connections. Counted, because time on a busy machine says nothing. */
  let trips = 0

  beforeAll(async () => {
    let target: Pick<PostgresServer, 'host' | 'port'> | null = null
    far = createServer((near) => {
      if (!target) return void near.destroy()
      const there = connect(target)
      let answered = true
      near.on('data', () => {
        if (answered) trips += 1
        answered = false
      })
      there.on('data', () => (answered = true))
      for (const [from, to] of [
        [near, there],
        [there, near],
      ] as const) {
        from.on('data', (chunk: Buffer) => void sleep(DELAY_MS).then(() => to.write(chunk)))
        from.on('close', () => to.destroy())
        from.on('error', () => to.destroy())
      }
      return undefined
    })
    await new Promise<void>((resolve) => far.listen(0, '127.0.0.1', resolve))
    const address = far.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    stage = await openStage({ policy: POLICY, resources: { far: { url: `postgres://127.0.0.1:${address.port}/postgres` } } })
    target = stage.target
  })

  afterAll(async () => {
    await stage?.close()
    far?.close()
  })

  it.each([
    ['reads', 'SELECT $1::int'],
    ['writes', "INSERT INTO orders VALUES ($1::int, 'new')"],
  ])('is one round trip to the target, and not one for each of its %s', async (_, text) => {
    const own = await RawClient.login(stage.gateway.postgres, stage.alice, 'far')
    await own.ask(parse('s', text), sync())
    await own.ask(bind(1), execute(''), sync()) // the first asks what its names mean
    const before = trips
    const answers = await own.ask(...Array.from({ length: STATEMENTS }, (_each, n) => [bind(1_000 + n), execute('')]).flat(), sync())
    expect(answers.filter((each) => each.startsWith('complete'))).toHaveLength(STATEMENTS)
    expect(trips - before).toBeLessThan(STATEMENTS / 4)
    own.close()
  })

  it('leaves nothing behind', async () => {
    expect(await leftovers(stage)).toEqual([])
  })
})
