import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { asciicast } from '../src/asciicast.ts'
import type { RecordingLine } from '../src/schemas/recording.ts'
import { pieceOf } from '../src/transcript.ts'

/** What asciinema-player tells the terminal that it draws: sizes, and what is written there. */
interface Player {
  addEventListener(event: string, listener: (told: never) => void): void
  terminalReady(): void
  init(): Promise<void>
  seek(where: string): Promise<unknown>
}
type PlayerClass = new (source: { readonly driver: 'recording'; readonly data: string }, options: object) => Player

const DIST = new URL('./', import.meta.resolve('asciinema-player'))
const logger = Object.fromEntries(['debug', 'info', 'warn', 'error'].map((level) => [level, () => undefined]))

/** The player without its page: the part that reads the file and plays it. Its package names the file anew in each version. */
async function openPlayer(): Promise<PlayerClass> {
  const file = readdirSync(fileURLToPath(DIST)).find((name) => name.startsWith('core-'))
  const { C: Core } = (await import(new URL(file ?? '', DIST).href)) as { readonly C: PlayerClass }
  return Core
}

/** Plays to the end. */
async function played(cast: string) {
  const seen = { duration: Number.NaN, size: {}, output: '', errors: 0 }
  const player = new (await openPlayer())({ driver: 'recording', data: cast }, { logger, preload: true, speed: 1 })
  player.addEventListener('metadata', ({ duration }: { readonly duration: number }) => (seen.duration = duration))
  player.addEventListener('reset', ({ size }: { readonly size: object }) => (seen.size = size))
  player.addEventListener('output', (written: readonly string[]) => (seen.output += written.join('')))
  player.addEventListener('error', () => (seen.errors += 1))
  player.terminalReady()
  await player.init()
  await player.seek('100%')
  return seen
}

const BEGAN = 1_790_000_000_000
const begin: RecordingLine = {
  line: 'begin',
  v: 1,
  kind: 'sql',
  session: 'ses-1',
  gateway: 'gw-1',
  principal: 'alice@example.com',
  resource: 'orders-db',
  database: 'orders',
  client: '127.0.0.1:5000',
  grant: null,
  reason: null,
  ticket: null,
  at: BEGAN,
}
const started = (at: number, text: string): RecordingLine => ({
  line: 'started',
  at,
  run: 'ses-1.1',
  action: 'sql:read',
  text,
  objects: [],
  policies: ['reads'],
})

async function castOf(lines: readonly RecordingLine[]): Promise<string> {
  let cast = ''
  for await (const line of asciicast('ses-1', lines)) cast += `${line}\n`
  return cast
}

describe('an asciicast of a session', () => {
  test('is played by asciinema’s own player, all of it, at its own pace', async () => {
    const lines = fc.array(fc.tuple(fc.nat(600_000), fc.string({ unit: 'grapheme' })), { maxLength: 30 }).map((told) => {
      let at = BEGAN
      return [begin, ...told.map(([later, text]) => started((at += later), text))]
    })
    await fc.assert(
      fc.asyncProperty(lines, async (recording) => {
        const shown = recording.flatMap((line) => pieceOf(line).lines.map((each) => `${each}\r\n`)).join('')
        expect(await played(await castOf(recording))).toEqual({
          duration: expect.closeTo(((recording.at(-1)?.at ?? 0) - BEGAN) / 1000, 6),
          size: { cols: 120, rows: 40 },
          output: shown,
          errors: 0,
        })
      }),
      { numRuns: 50 },
    )
  })

  it('is in the form of asciicast v2: a header with a size, then times in seconds, in order', async () => {
    const [header = '', ...events] = (await castOf([begin, started(BEGAN + 1_500, 'SELECT 1')])).trimEnd().split('\n')
    expect(JSON.parse(header)).toEqual({ version: 2, width: 120, height: 40, timestamp: BEGAN / 1000, title: 'ses-1' })
    expect(events.map((event) => JSON.parse(event) as unknown)).toEqual([
      [0, 'o', expect.stringMatching(/^ses-1 · alice@example\.com.*\r\n$/)],
      [1.5, 'o', expect.stringMatching(/SELECT 1\r\n$/)],
    ])
  })
})
