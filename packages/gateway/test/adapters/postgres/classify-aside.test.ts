import { setInterval as every } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { Aside } from '../../../src/adapters/postgres/classify/aside.ts'
import { classify, loadGrammar, prepare } from '../../../src/adapters/postgres/classify.ts'

const LIMIT_MS = 2_000
const OPTIONS = { trusted: [] }

/** Doubles numbers, never comes back from 'hang', and does not survive 'die', 'throw' or 'fill'. */
const PUPIL = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads'
    parentPort.on('message', (question) => {
      if (question === 'hang') for (;;);
      if (question === 'die') process.exit(0)
      if (question === 'throw') throw new Error('the pupil is lost')
      parentPort.postMessage(2 * question)
    })`)}`,
)

describe('a thread aside', () => {
  test('answers in order, whatever became of those before', async () => {
    const aside = new Aside<number | string, number>(PUPIL, LIMIT_MS)
    const questions = [1, 'hang', 2, 'die', 3, 'throw', 4, 5]
    const answers = await Promise.allSettled(questions.map((question) => aside.ask(question)))
    expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : String(answer.reason)))).toEqual([
      2,
      `Error: it takes longer than ${LIMIT_MS} ms`,
      4,
      'Error: its thread ended',
      6,
      'Error: the pupil is lost',
      8,
      10,
    ])
  })

  test('that cannot be started rejects everything, and goes on trying', async () => {
    const aside = new Aside<number, number>(new URL('file:///nowhere/at/all.js'), LIMIT_MS)
    await expect(aside.ask(1)).rejects.toThrow('Cannot find module')
    await expect(aside.ask(2)).rejects.toThrow('Cannot find module')
  })
})

describe('a long text', () => {
  beforeAll(() => loadGrammar())

  /** How often the event loop came round in the meantime. */
  async function turnsDuring(work: () => Promise<void>): Promise<number> {
    const over = new AbortController()
    let turns = 0
    const counting = (async () => {
      for await (const _ of every(1, undefined, { signal: over.signal })) turns++
    })().catch(() => undefined)
    await work()
    over.abort()
    await counting
    return turns
  }

  test('is what it is when it is parsed here, shape included', async () => {
    const text = `UPDATE orders SET status = 'paid' WHERE id IN (${'1,'.repeat(20_000)}1);`
    await prepare(text, OPTIONS)
    const aside = structuredClone(classify(text, OPTIONS))
    expect(aside.type).toBe('sql:write')
    expect(aside).toEqual(structuredClone(classify(text, { trusted: ['public.f'] })))
  })

  test('does not hold up the event loop', async () => {
    const text = `SELECT 1 IN (${'1,'.repeat(200_000)}1)`
    const here = await turnsDuring(async () => void classify(`${text} `, OPTIONS))
    const aside = await turnsDuring(() => prepare(text, OPTIONS))
    expect(aside).toBeGreaterThan(here + 20)
    expect(classify(text, OPTIONS)).toMatchObject({ type: 'sql:read', error: null })
  })

  test('of more statements than anybody judges is unknown', async () => {
    const text = 'end;'.repeat(5_001)
    await prepare(text, OPTIONS)
    expect(classify(text, OPTIONS)).toMatchObject({ type: 'sql:unknown', error: 'the text holds more than 5000 statements' })
    expect(classify('end;'.repeat(5_000), OPTIONS).type).toBe('sql:session')
  })
})
