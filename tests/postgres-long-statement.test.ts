import { query } from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient } from './support/wire.ts'

const POLICY = `@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);`
const LONG_STATEMENTS = 8

/** 400 KB that nobody has sent before: work for a parser, and refused by the server as soon as it has parsed it. */
const unique = (index: number) => `SELECT ${'1,'.repeat(200_000)}${index}`

describe('a client that sends one long statement after another', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
  })

  afterAll(() => stage?.close())

  /** How long somebody else waits for each short statement until this is over, milliseconds. */
  async function waitsBeside(until: Promise<unknown>): Promise<number[]> {
    const client = await RawClient.login(stage.gateway.postgres, stage.alice)
    const over = new AbortController()
    void until.finally(() => over.abort())
    const waits: number[] = []
    while (!over.signal.aborted) {
      const began = performance.now()
      expect(await client.ask(query('SELECT 1'))).toContain('row 1')
      waits.push(performance.now() - began)
    }
    client.close()
    return waits
  }

  it('makes nobody else wait for it', { timeout: 60_000 }, async () => {
    const client = await RawClient.login(stage.gateway.postgres, stage.alice)
    const began = performance.now()
    const flood = (async () => {
      const answers: string[] = []
      for (let index = 0; index < LONG_STATEMENTS; index++) answers.push(...(await client.ask(query(unique(index)))))
      return answers
    })()
    const waits = await waitsBeside(flood)
    const lasted = performance.now() - began
    expect((await flood).filter((answer) => !answer.startsWith('ready'))).toEqual(
      Array.from({ length: LONG_STATEMENTS }, () => 'error 54011 target lists can have at most 1664 entries'),
    )
    // Held up by each of them, somebody else would spend most of that time on as many waits.
    const longest = waits.toSorted((a, b) => b - a).slice(0, LONG_STATEMENTS)
    const sum = longest.reduce((total, wait) => total + wait, 0)
    expect(sum / lasted).toBeLessThan(1 / 4)
    client.close()
    expect(await leftovers(stage)).toEqual([])
  })
})
