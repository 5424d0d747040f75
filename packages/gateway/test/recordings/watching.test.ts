import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RecordingLine, Watched } from '@countersign/contract/schemas/recording'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Spool } from '../../src/recordings/spool.ts'
import { type Source, watch } from '../../src/recordings/watching.ts'

const aLine = (at: number): RecordingLine => ({
  line: 'decided',
  at,
  effect: 'deny',
  action: 'sql:write',
  objects: [],
  policies: [],
  text: 'é'.repeat(at % 700),
})

test('any part of a session that is being recorded is what was added there, in memory or put away', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-watching-'))
  let files = 0
  const range = fc.record({ size: fc.nat(300), first: fc.nat(310), most: fc.nat(310) })
  fc.assert(
    fc.property(range, ({ size, first, most }) => {
      const lines = Array.from({ length: size }, (_, at) => JSON.stringify(aLine(at)))
      const spool = new Spool(join(folder, `${files++}.part`))
      for (const line of lines) spool.add(JSON.parse(line))
      expect(spool.size).toBe(size)
      expect(spool.part(first, most)).toEqual(lines.slice(first, first + most))
      expect(Buffer.concat([...spool.lines()]).toString()).toBe(lines.map((line) => `${line}\n`).join(''))
      spool.remove()
    }),
    { numRuns: 30 },
  )
  rmSync(folder, { recursive: true })
})

/** A session of `lines`, of which `done` are there when the watching begins, and one more each time it is asked for. */
function source(lines: readonly RecordingLine[], done: number, overAt: number): Source {
  let asked = 0
  const size = () => Math.min(done + asked, lines.length)
  return {
    running: (first, most) => {
      asked += 1
      if (asked > overAt) return Promise.resolve(null)
      return Promise.resolve({ size: size(), lines: lines.slice(first, Math.min(size(), first + most)).map((line) => JSON.stringify(line)) })
    },
    isRecorded: () => Promise.resolve(true),
    isLive: () => Promise.resolve(false),
    recorded: async function* () {
      yield* lines
    },
  }
}

async function watched(from: Source): Promise<readonly Watched[]> {
  const seen: Watched[] = []
  for await (const batch of watch(from, AbortSignal.timeout(30_000))) seen.push(...batch)
  return seen
}

test('the watching goes over into the recording without a line that is missing or told twice', async () => {
  const lines = Array.from({ length: 1_700 }, (_, at) => aLine(at))
  for (const { done, overAt } of [
    { done: 0, overAt: 0 },
    { done: 1, overAt: 1 },
    { done: 3, overAt: 4 },
    { done: 1_600, overAt: 1 },
    { done: 1_700, overAt: 2 },
  ]) {
    const seen = await watched(source(lines, done, overAt))
    expect(seen[0]).toEqual({ index: 0, line: lines[0] })
    const begins = seen[1]?.index ?? 1
    expect(seen.slice(1).map(({ index }) => index)).toEqual(Array.from({ length: lines.length - begins }, (_, at) => begins + at))
    expect(seen.map(({ line }) => line)).toEqual(seen.map(({ index }) => lines[index]))
    expect(begins).toBe(overAt === 0 ? 1 : Math.max(1, Math.min(done + 1, lines.length) - 500))
  }
})
