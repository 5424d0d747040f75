import { authenticationOk, backendKeyData, parameterStatus, readyForQuery } from '@countersign/wire/postgres/encode'
import { type AddressInfo, connect, createServer } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Target } from '../../../src/adapters/adapter.ts'
import { Catalogs } from '../../../src/adapters/postgres/catalog/catalogs.ts'
import { planAction, statementsThere } from '../../../src/adapters/postgres/plan.ts'

const LOGIN = [
  authenticationOk(),
  parameterStatus('standard_conforming_strings', 'on'),
  parameterStatus('client_encoding', 'UTF8'),
  backendKeyData(1, Buffer.from([1, 2, 3, 4])),
  readyForQuery('I'),
]

/** Logs everybody in, and says no more. `asked` is called when it has been asked something. */
async function silentServer(asked: () => void) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write(Buffer.concat(LOGIN))
      socket.once('data', asked)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: async () => void (server.close(), await once(server, 'close')) }
}

const targetAt = (port: number): Target => ({
  resource: 'silent-db',
  server: `127.0.0.1:${port}`,
  database: 'postgres',
  username: 'app',
  accounts: null,
  tls: 'disable',
  trustedFunctions: [],
  trustedExtensions: [],
  catalogMaxAgeMs: 1_000,
  countUpToCost: 0,
  holdInTransactionMs: 0,
  password: () => Promise.resolve(null),
  dial: async () => {
    const socket = connect({ host: '127.0.0.1', port })
    await once(socket, 'connect')
    return socket
  },
  startTls: (stream) => Promise.resolve({ stream, certificate: null, protocol: null }),
})

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => vi.useRealTimers())

test('a target that logs in and then says nothing is not waited for without end', async () => {
  const asked = Promise.withResolvers<void>()
  await using server = await silentServer(() => asked.resolve())
  const planned = planAction(targetAt(server.port), new Catalogs(), 'SELECT 1').catch((error: unknown) => error)
  await asked.promise
  vi.advanceTimersByTime(10_000)
  expect(await planned).toEqual(new Error('silent-db did not answer within 10 s'))
  vi.advanceTimersByTime(1_000) // and whoever does not read our goodbye is left
})

test('a statement on such a target is unknown, and says why', async () => {
  const asked = Promise.withResolvers<void>()
  await using server = await silentServer(() => asked.resolve())
  const read = statementsThere(targetAt(server.port), new Catalogs(), 'SELECT 1')
  await asked.promise
  vi.advanceTimersByTime(10_000)
  expect(await read).toMatchObject([{ type: 'sql:unknown', because: 'the target could not be asked: silent-db did not answer within 10 s' }])
  vi.advanceTimersByTime(1_000)
})
