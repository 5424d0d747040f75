import { Duplex } from 'node:stream'
import { BackendScanner } from '@countersign/wire/postgres/backend'
import { commandComplete, copyData, readyForQuery } from '@countersign/wire/postgres/encode'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Outcome } from '../../../src/adapters/adapter.ts'
import { Names } from '../../../src/adapters/postgres/names.ts'
import { Replies } from '../../../src/adapters/postgres/replies.ts'

/** A DataRow as far as a relay looks at it: its header, and that many bytes, each of another value than the one before. */
function row(length: number): Buffer {
  const bytes = Buffer.from(Array.from({ length: 5 + length }, (_, n) => n % 251))
  bytes.write('D')
  bytes.writeInt32BE(4 + length, 1)
  return bytes
}

/** What the client gets of these rows when the server's bytes arrive in pieces of these sizes, over and over. */
async function relayed(bytes: Buffer, sizes: readonly number[]): Promise<Buffer> {
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  const got: Buffer[] = []
  const take = (chunk: Buffer, _encoding: unknown, done: () => void) => {
    got.push(chunk)
    done()
  }
  const client = new Duplex({ read: () => undefined, write: take })
  const replies = new Replies(client, { stream, scanner: new BackendScanner(), key: null, greeting: [], parameters: new Map() }, new Names(), () => undefined)
  void replies.relay()
  replies.expect({ kind: 'query' })
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length
    stream.emit('data', bytes.subarray(at, at + size))
    at += size
  }
  await new Promise((resolve) => client.end(resolve))
  return Buffer.concat(got)
}

test('a client gets the bytes of the server as they are, however they are cut on their way', async () => {
  const lengths = fc.array(fc.nat(40), { minLength: 1, maxLength: 40 })
  const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 10 })
  await fc.assert(
    fc.asyncProperty(lengths, sizes, async (rows, cuts) => {
      const bytes = Buffer.concat([...rows.map(row), commandComplete('SELECT 1'), readyForQuery('I')])
      expect((await relayed(bytes, cuts)).toString('hex')).toBe(bytes.toString('hex'))
    }),
    { numRuns: 1_000 },
  )
})

test('a piece that begins and ends with equally much of a header passes on what came before it, and keeps what comes after', async () => {
  const bytes = Buffer.concat([row(6), row(6), row(6), commandComplete('SELECT 3'), readyForQuery('I')])
  expect((await relayed(bytes, [13, 11, 1_000])).toString('hex')).toBe(bytes.toString('hex'))
})

test('a server that goes in the middle of a COPY has the data recorded with it, and with nothing that waited behind it', async () => {
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  const client = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  const outcomes: Outcome[] = []
  const record = (outcome: Outcome) => outcomes.push(outcome)
  const replies = new Replies(client, { stream, scanner: new BackendScanner(), key: null, greeting: [], parameters: new Map() }, new Names(), record)
  const over = replies.relay()
  for (const run of ['copy', 'behind', 'last']) for (const kind of ['bind', 'execute'] as const) replies.expect({ kind, run })
  stream.emit('data', Buffer.from('3200000004', 'hex')) // BindComplete
  stream.emit('data', Buffer.from('4700000007000000', 'hex')) // CopyInResponse, no columns
  replies.copyIn?.add(copyData(Buffer.from('1')).subarray(5))
  stream.destroy()
  await over
  expect(outcomes.map(({ run, result, sent }) => [run, result, sent?.bytes])).toEqual([
    ['copy', 'unknown', 1],
    ['behind', 'unknown', undefined],
    ['last', 'unknown', undefined],
  ])
})

test('what is allowed when the server has gone already does not run, and that is recorded', async () => {
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  const client = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  const outcomes: Outcome[] = []
  const record = (outcome: Outcome) => outcomes.push(outcome)
  const replies = new Replies(client, { stream, scanner: new BackendScanner(), key: null, greeting: [], parameters: new Map() }, new Names(), record)
  const over = replies.relay()
  stream.destroy()
  await over
  expect(replies.expect({ kind: 'query', run: 'late' })).toBe(false)
  expect(outcomes.map(({ run, result, summary }) => [run, result, summary])).toEqual([['late', 'failed', 'skipped']])
})

test('an answer that others must hear of first is shown after they have, and nothing overtakes it', async () => {
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  const got: string[] = []
  const client = new Duplex({ read: () => undefined, write: (chunk: Buffer, _encoding, done) => done(void got.push(chunk.toString('latin1'))) })
  const replies = new Replies(client, { stream, scanner: new BackendScanner(), key: null, greeting: [], parameters: new Map() }, new Names(), () => undefined)
  const heard = Promise.withResolvers<void>()
  replies.watcher = { touched: () => heard.promise, ready: () => null }
  void replies.relay()
  replies.expect({ kind: 'query', touches: true })
  let settled = false
  void replies.settled().then(() => (settled = true))

  stream.push(Buffer.concat([commandComplete('CREATE FUNCTION'), readyForQuery('I')]))
  await new Promise(setImmediate)
  stream.push(commandComplete('is not read before')) // nobody asked for it: it would end the connection
  await new Promise(setImmediate)
  expect({ got, settled, idle: replies.idle, mustSettle: replies.mustSettle }).toEqual({ got: [], settled: false, idle: false, mustSettle: true })
  client.emit('drain') // makes the server no faster
  await new Promise(setImmediate)
  expect(stream.destroyed).toBe(false)

  heard.resolve()
  await new Promise(setImmediate)
  expect(got.join('')).toBe(Buffer.concat([commandComplete('CREATE FUNCTION'), readyForQuery('I')]).toString('latin1'))
  expect(settled).toBe(true)
  await new Promise(setImmediate)
  expect(stream.destroyed).toBe(true)
})
