import { setTimeout as sleep } from 'node:timers/promises'
import { asciicast } from '@countersign/contract/asciicast'
import type { Client } from '@countersign/contract/client'
import type { RecordingLine } from '@countersign/contract/schemas/recording'
import { type Piece, pieceOf } from '@countersign/contract/transcript'
import { type Command, InvalidArgumentError } from 'commander'
import { fullId, gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import type { Output } from '../output.ts'

interface Options extends GatewayOptions {
  readonly speed?: number
  readonly cast?: true
}

const EXAMPLES = [
  'countersign replay ses-9h3t',
  'countersign replay ses-9h3t --speed 4',
  'countersign replay ses-9h3t --cast > session.cast',
  'countersign replay ses-9h3t --json | jq -r "select(.line == \\"started\\").text"',
]

/** Nobody watches somebody think. */
const LONGEST_PAUSE_MS = 2_000

export function addReplay(program: Command): void {
  gatewayOptions(define(program, 'replay <session>', 'Show what a session did; reading it is recorded', EXAMPLES))
    .option('--speed <factor>', 'as it happened, so many times as fast; no pause is longer than 2 s', parseSpeed)
    .option('--cast', 'as an asciicast (version 2), which asciinema plays')
    .action(
      perform(async (out, id: string, { speed, cast, ...options }: Options) => {
        const session = fullId('ses', id)
        await withClient(options, (client) => show(out, client, session, speed ?? null, cast === true))
        return EXIT.ok
      }),
    )
}

/** `--json` is one JSON object a line, as it is in the recording. */
async function show(out: Output, client: Client, session: string, speed: number | null, cast: boolean): Promise<void> {
  const lines = client.recording({ session })
  if (out.json) for await (const line of lines) out.data(line)
  else if (cast) for await (const line of asciicast(session, lines)) out.line(line)
  else for await (const piece of speed === null ? pieces(lines) : paced(pieces(lines), speed)) piece.lines.forEach((line) => out.line(line))
}

async function* pieces(lines: AsyncIterable<RecordingLine>): AsyncGenerator<Piece> {
  for await (const line of lines) yield pieceOf(line)
}

async function* paced(given: AsyncIterable<Piece>, speed: number): AsyncGenerator<Piece> {
  let last: number | null = null
  for await (const piece of given) {
    if (last !== null) await sleep(Math.min(Math.max(piece.at - last, 0) / speed, LONGEST_PAUSE_MS))
    last = piece.at
    yield piece
  }
}

function parseSpeed(text: string): number {
  if (/^\d{1,4}(\.\d{1,3})?$/.test(text) && Number(text) > 0) return Number(text)
  throw new InvalidArgumentError('A speed is a number above 0: 1, 2.5, 10.')
}
