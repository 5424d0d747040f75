import { Duplex } from 'node:stream'
import { type Outcome, SUSPENDED } from '@countersign/gateway/adapters/adapter'
import { Names } from '@countersign/gateway/adapters/postgres/names'
import type { Expected } from '@countersign/gateway/adapters/postgres/expected'
import { Replies } from '@countersign/gateway/adapters/postgres/replies'
import { BackendScanner } from '@countersign/wire/postgres/backend'
import * as encode from '@countersign/wire/postgres/encode'
import { Finding, type Target } from '../fuzzer.ts'
import { chunksOf } from './streams.ts'

/** What the relay has sent, and how an honest server answers it. */
interface Asked {
  readonly expected: readonly Expected[]
  readonly answers: readonly Uint8Array[]
}

const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value))
const row = encode.dataRow([text('1'), null])
const done = (tag: string): Uint8Array => encode.commandComplete(tag)
const failure = encode.errorResponse({ severity: 'ERROR', code: '42601', message: 'no' })
const ready = encode.readyForQuery
/** A message without a body: BindComplete and its like. */
const bare = (letter: string): Uint8Array => Uint8Array.from(Buffer.from([letter.charCodeAt(0), 0, 0, 0, 4]))
const copyIn = Uint8Array.from(Buffer.from('47000000070000000000'.slice(0, 16), 'hex'))

const PLANS: readonly Asked[] = [
  { expected: [{ kind: 'query', run: 'a' }], answers: [encode.rowDescription([]), row, row, done('SELECT 2'), ready('I')] },
  { expected: [{ kind: 'query', run: 'a', partial: true }], answers: [done('BEGIN'), done('UPDATE 3'), failure, ready('E')] },
  {
    expected: [{ kind: 'parse' }, { kind: 'bind', run: 'a' }, { kind: 'describe' }, { kind: 'execute', run: 'a' }, { kind: 'sync' }],
    answers: [encode.parseComplete(), bare('2'), bare('n'), row, done('SELECT 1'), ready('T')],
  },
  {
    expected: [
      { kind: 'bind', run: 'a' },
      { kind: 'execute', run: 'a' },
      { kind: 'bind', run: 'b' },
      { kind: 'execute', run: 'b' },
      { kind: 'execute', run: 'b' },
      { kind: 'close' },
      { kind: 'sync' },
      { kind: 'query', run: 'c' },
    ],
    answers: [bare('2'), row, bare('s'), bare('2'), done('DELETE 1'), done('DELETE 0'), bare('3'), ready('I'), encode.emptyQueryResponse(), ready('I')],
  },
  {
    expected: [
      { kind: 'query', hidden: true, poison: true },
      { kind: 'query', run: 'a' },
    ],
    answers: [failure, ready('E'), failure, ready('E')],
  },
  {
    expected: [
      { kind: 'parse', hidden: true },
      { kind: 'bind', hidden: true, run: 'a' },
      { kind: 'execute', hidden: true, run: 'a' },
      { kind: 'sync', hidden: true },
    ],
    answers: [encode.parseComplete(), bare('2'), row, done('SELECT 1'), ready('I')],
  },
  { expected: [{ kind: 'query', run: 'a' }], answers: [copyIn, done('COPY 2'), ready('I')] },
]

/**
 * A hostile server answers what the relay sent. Whatever it says: the client gets the server's own messages or fewer, every run
 * ends once, however often some of it was read before, what ends the connection is a reason and no crash, and a run that the server confirmed is no
 * run that it never heard of.
 */
export const relay: Target = {
  name: 'postgres: a server that answers',
  seeds: PLANS.map(({ answers }, plan) => Uint8Array.from(Buffer.concat([Uint8Array.of(plan), ...answers]))),
  async attempt(input, random) {
    const { expected } = PLANS[(input[0] ?? 0) % PLANS.length] ?? { expected: [] }
    const bytes = input.subarray(1)
    const toClient: Uint8Array[] = []
    const outcomes: Outcome[] = []
    const server = new Duplex({ read: () => undefined, write: (_chunk, _encoding, written) => written() })
    const client = new Duplex({
      read: () => undefined,
      write(chunk: Uint8Array, _encoding, written) {
        toClient.push(Uint8Array.from(chunk))
        written()
      },
    })
    const scanner = new BackendScanner()
    const upstream = { stream: server, scanner, key: null, greeting: [], parameters: new Map<string, string>() }
    const replies = new Replies(client, upstream, new Names(), (outcome) => outcomes.push(outcome))
    const over = replies.relay()
    for (const each of expected) replies.expect(each)
    for (const chunk of chunksOf(bytes, random)) if (!server.destroyed) server.emit('data', chunk)
    server.destroy()
    if ((await over) === '') throw new Finding('the connection ended without a reason')
    judge(expected, outcomes, Buffer.concat(toClient), bytes)
    client.destroy()
    return framesOf(bytes)
  },
}

function judge(expected: readonly Expected[], outcomes: readonly Outcome[], toClient: Buffer, fromServer: Uint8Array): void {
  const runs = new Set(expected.flatMap(({ run }) => run ?? []))
  const ended = outcomes.filter(({ summary }) => summary !== SUSPENDED).map(({ run }) => run)
  for (const run of runs) if (!ended.includes(run)) throw new Finding(`run ${run} has no end`)
  if (new Set(ended).size !== ended.length) throw new Finding(`a run has two ends: ${ended.join(' ')}`)
  if (!expected.some(({ hidden }) => hidden) && Buffer.compare(toClient, fromServer.subarray(0, toClient.length)) !== 0)
    throw new Finding('the client got what the server did not say')
  if (toClient.length > fromServer.length) throw new Finding('the client got more than the server said')
}

/** How many messages the input holds, as far as its lengths can be believed. */
function framesOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let frames = 0
  for (let at = 0; at + 5 <= bytes.length && view.getInt32(at + 1) >= 4; frames++) at += view.getInt32(at + 1) + 1
  return frames
}
