import pg from 'pg'
import { expect } from 'vitest'
import type { Behind } from './behind.ts'

/** A trick: what somebody makes on the target, how it is taken back, and why the statement is then more than a read. */
export interface Trick {
  readonly made: string
  readonly undo: string
  readonly text: string
  readonly because: string
}

/** How a function is written that calls `evil`. */
export const body = (expression: string) => `LANGUAGE sql AS $$ SELECT ${expression} $$`

/** The statement runs, or there is no such thing yet; after the trick it is `sql:unknown` and has run nothing; and it is as before once the trick is undone. `andRuns`: straight on the target it does call `evil`. */
export async function isSeen({ stage, direct, connect, outcome }: Behind, { made, undo, text, because }: Trick, andRuns?: 'and runs'): Promise<void> {
  const client = await connect()
  const before = await outcome(client, text)
  expect(before).not.toContain('sql:unknown')
  await direct(made)
  try {
    await client.query("COMMENT ON TABLE people IS 'something has changed'")
    const runs = await stage.runs()
    expect(await outcome(client, text)).toMatch(/sql:unknown on db/)
    expect(await outcome(client, text)).toContain(because)
    expect(await stage.runs()).toBe(runs)
    if (andRuns) {
      await straight(stage.target.url('postgres'), text)
      expect(await stage.runs(), 'straight on the target').toBeGreaterThan(runs)
    }
  } finally {
    await direct(undo)
  }
  await client.query("COMMENT ON TABLE people IS 'and back'")
  expect(await outcome(client, text)).toBe(before)
  await client.end()
}

/** On a connection of its own: what planning has worked out is kept as long as a connection. */
async function straight(url: string, text: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query(text)
  await client.end()
}
