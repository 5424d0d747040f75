import { createServer, type Server, type Socket } from 'node:net'
import {
  authenticationCleartext,
  authenticationOk,
  authenticationSasl,
  authenticationSaslFinal,
  backendKeyData,
  commandComplete,
  dataRow,
  errorResponse,
  negotiateProtocolVersion,
  parameterStatus,
  parseComplete,
  query,
  readyForQuery,
} from '@countersign/wire/postgres/encode'
import { FrontendDecoder } from '@countersign/wire/postgres/frontend'
import { StartupDecoder } from '@countersign/wire/postgres/startup'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient } from './support/wire.ts'

const POLICY = `@id("reads") permit (principal, action in [Action::"connect", Action::"sql:read", Action::"sql:session"], resource);`
const LOGIN = [
  authenticationOk(),
  parameterStatus('standard_conforming_strings', 'on'),
  parameterStatus('client_encoding', 'UTF8'),
  backendKeyData(1, Buffer.from([1, 2, 3, 4])),
  readyForQuery('I'),
]
const DONE = [commandComplete('SELECT 1'), readyForQuery('I')]
const frame = (type: string, length: number, body = '') => {
  const head = Buffer.alloc(5)
  head.write(type, 0, 'latin1')
  head.writeInt32BE(length, 1)
  return Buffer.concat([head, Buffer.from(body)])
}

/** What is said instead of a login. */
const LOGINS: Readonly<Record<string, readonly Uint8Array[]>> = {
  'garbage in the login': [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  'a negative length in the login': [frame('R', -1)],
  'ready before the login': [readyForQuery('I')],
  'ready in a transaction': [authenticationOk(), readyForQuery('T')],
  'a login without the proof of SCRAM': [authenticationSasl(['SCRAM-SHA-256']), authenticationOk(), readyForQuery('I')],
  'the end of SCRAM before its beginning': [authenticationSaslFinal(Buffer.from('v=AAAA'))],
  'a mechanism that nobody has': [authenticationSasl(['PLAIN'])],
  'the password, please, in clear': [authenticationCleartext()],
  'Kerberos, please': [frame('R', 8, '\0\0\0\u0002')],
  'rows in the login': [authenticationOk(), dataRow([null])],
  'a newer protocol than was asked for': [negotiateProtocolVersion(3, []), ...LOGIN],
  'the protocol that was asked for, negotiated': [negotiateProtocolVersion(2, []), ...LOGIN],
  'an option that nobody asked for': [negotiateProtocolVersion(0, ['_pq_.evil']), ...LOGIN],
  'another protocol behind the login': [authenticationOk(), negotiateProtocolVersion(0, []), ...LOGIN.slice(1)],
  'a long cancel key in an old protocol': [negotiateProtocolVersion(0, []), authenticationOk(), backendKeyData(1, Buffer.alloc(32)), readyForQuery('I')],
  nothing: [],
}

/** What is said to every statement, after an honest login. */
const ANSWERS: Readonly<Record<string, readonly Uint8Array[]>> = {
  'a negative length': [frame('C', -5)],
  'a length of 2 GiB': [frame('T', 0x7fffffff)],
  'a type that does not exist': [frame('?', 4)],
  'ready, and then an answer': [readyForQuery('I'), commandComplete('SELECT 1')],
  'ready twice': [...DONE, readyForQuery('I')],
  'another login': [authenticationOk()],
  'a function call result': [frame('V', 8, '\xff\xff\xff\xff')],
  'replication, both ways': [frame('W', 7, '\0\0\0')],
  'a status that does not exist': [frame('Z', 5, 'X')],
  'half a message': [frame('C', 100, 'SELECT')],
  'nothing at all': [],
}

describe('a hostile target', () => {
  let stage: Stage
  let target: Server
  const open = new Set<Socket>()

  beforeAll(async () => {
    target = createServer((socket) => serve(socket))
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
    const address = target.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const evil = { url: `postgres://127.0.0.1:${address.port}/evil`, credential: { username: 'app', password: { env: 'TARGET_PASSWORD' } } }
    stage = await openStage({ policy: POLICY, resources: { db: {}, evil } })
  })

  afterAll(async () => {
    await stage?.close()
    for (const socket of open) socket.destroy()
    target?.close()
  })

  /** The database that is asked for chooses what it does. */
  function serve(socket: Socket): void {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => socket.destroy())
    const opening = new StartupDecoder()
    const messages = new FrontendDecoder({ maxMessageBytes: 1024 * 1024 })
    let database = ''
    socket.on('data', (chunk: Buffer) => {
      if (database !== '') {
        for (const message of messages.push(chunk)) answer(socket, database, message.kind)
        return
      }
      const opened = opening.push(chunk)
      if (opened?.packet.kind !== 'startup') return void socket.end()
      database = opened.packet.parameters.get('database') ?? ''
      say(socket, LOGINS[database] ?? LOGIN)
      if (database in LOGINS && database === 'nothing') socket.end()
      return undefined
    })
  }

  function answer(socket: Socket, database: string, kind: string): void {
    if (kind === 'terminate') return void socket.end()
    if (database === 'yes to everything') {
      if (kind === 'query') return say(socket, [commandComplete('BEGIN'), readyForQuery('T')])
      if (kind === 'parse') return say(socket, [parseComplete()])
    }
    say(socket, ANSWERS[database] ?? DONE)
    if (database.startsWith('half') || database.startsWith('nothing')) socket.end()
    return undefined
  }

  function say(socket: Socket, messages: readonly Uint8Array[]): void {
    socket.write(Buffer.concat(messages))
  }

  it.each(Object.keys(LOGINS))('that says %s is refused with a clear error', async (what) => {
    await expect(RawClient.login(stage.gateway.postgres, stage.alice, `evil/${what}`)).rejects.toThrow(/no login, but: .*error 08(001|006|P01) .+/)
  })

  it.each(Object.keys(ANSWERS))('that answers with %s is hung up on with a clear error', async (what) => {
    const own = await RawClient.login(stage.gateway.postgres, stage.alice, `evil/${what}`)
    own.send(query('SELECT 1'))
    const answers = await own.last()
    expect(answers.at(-1)).toMatch(/^error 08006 the connection to evil is over: .+/)
    expect(answers.filter((each) => each.startsWith('error'))).toHaveLength(1)
    own.close()
  })

  it('that runs what no server can parse is hung up on', async () => {
    const own = await RawClient.login(stage.gateway.postgres, stage.alice, 'evil/yes to everything')
    expect(await own.ask(query('BEGIN'))).toEqual(['complete BEGIN', 'ready T'])
    own.send(query('DROP TABLE orders'))
    expect(await own.last()).toEqual([expect.stringMatching(/^error 42501/), expect.stringMatching(/^error 08006 .*accepted what cannot be parsed/)])
    own.close()
  })

  it('that says something before anybody asked is hung up on', async () => {
    const own = await RawClient.login(stage.gateway.postgres, stage.alice, 'evil/quiet')
    for (const socket of open) say(socket, DONE)
    expect(await own.last()).toEqual([expect.stringMatching(/^error 08006 .*nobody asked/)])
    own.close()
  })

  it('that says goodbye is let go with its own words', async () => {
    const own = await RawClient.login(stage.gateway.postgres, stage.alice, 'evil/quiet')
    for (const socket of open) {
      say(socket, [errorResponse({ severity: 'FATAL', code: '57P01', message: 'going home' })])
      socket.end()
    }
    expect(await own.last()).toEqual(['error 57P01 going home'])
    own.close()
  })

  it('harms nobody else, and leaves nothing behind', async () => {
    const own = await RawClient.login(stage.gateway.postgres, stage.alice)
    expect(await own.ask(query('SELECT 1'))).toContain('row 1')
    own.close()
    expect(await leftovers(stage)).toEqual([])
    expect(open.size).toBe(0)
  })
})
