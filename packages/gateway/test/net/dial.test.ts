import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { targetOf } from '../../src/net/dial.ts'

let server: Server
let port: number
beforeEach(async () => {
  server = createServer((socket) => socket.on('error', () => socket.destroy()).resume()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
})
afterEach(() => new Promise((resolve) => server.close(resolve)))

const target = () =>
  targetOf(
    { hold: { connectMs: 1000, inTransactionMs: 1000, reminderMs: 1000 } },
    {
      name: 'db',
      protocol: 'postgres',
      host: '127.0.0.1',
      port,
      database: 'db',
      credential: { username: 'app', password: null },
      tls: { mode: 'disable', ca: null, cert: null, key: null },
      labels: {},
      mode: 'enforce',
      onHold: 'wait',
      durability: 'process',
      functions: { trusted: [], extensions: [] },
      catalog: { maxAgeMs: 1_000 },
      accounts: { mode: 'shared' },
      impact: { maxCost: 25_000 },
      recording: { parameters: 'withhold' },
    },
    null,
  )

describe('dialling a target', () => {
  it('gives a connection that outlives the deadline of connecting', async () => {
    const deadline = new AbortController()
    const stream = await target().dial(deadline.signal)
    deadline.abort()
    await new Promise((resolve) => setImmediate(resolve))
    expect(stream.destroyed).toBe(false)
    stream.destroy()
  })

  it('gives up when its deadline has come before the connection', async () => {
    await expect(target().dial(AbortSignal.abort())).rejects.toThrow('db cannot be reached')
  })
})
