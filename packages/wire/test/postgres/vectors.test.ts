import { describe, expect, test } from 'vitest'
import { strictText } from '../../src/postgres/text.ts'
import { BackendScanner } from '../../src/postgres/backend.ts'
import { ProtocolError } from '../../src/postgres/error.ts'
import { FrontendDecoder } from '../../src/postgres/frontend.ts'
import { md5Answer } from '../../src/postgres/md5.ts'
import { fromBase64, makeVerifier } from '../../src/postgres/scram.ts'
import { StartupDecoder } from '../../src/postgres/startup.ts'
import hostile from '../../vectors/postgres/hostile.json' with { type: 'json' }
import recorded from '../../vectors/postgres/recorded.json' with { type: 'json' }
import verifiers from '../../vectors/postgres/verifiers.json' with { type: 'json' }

const limits = { maxMessageBytes: 1024 * 1024 }

function newDecoder(name: string): { push(chunk: Uint8Array): unknown } {
  if (name === 'startup') return new StartupDecoder()
  return name === 'frontend' ? new FrontendDecoder(limits) : new BackendScanner()
}

const bytes = (base64: string) => new Uint8Array(fromBase64(base64) ?? [])

function codeOf(feed: () => unknown): string | null {
  try {
    feed()
    return null
  } catch (error) {
    return error instanceof ProtocolError ? error.code : `not a ProtocolError: ${String(error)}`
  }
}

describe.each(hostile)('$decoder: $name: $error', ({ decoder, hex, error }) => {
  const bytes = Buffer.from(hex, 'hex')

  test('in one chunk', () => {
    expect(codeOf(() => newDecoder(decoder).push(bytes))).toBe(error)
  })

  test('byte by byte', () => {
    const one = newDecoder(decoder)
    expect(codeOf(() => bytes.forEach((byte) => one.push(Uint8Array.of(byte))))).toBe(error)
  })
})

describe.each(recorded)('a session of $name with PostgreSQL 15', (session) => {
  test('says from the client what it said', () => {
    const opening = new StartupDecoder().push(Buffer.from(session.client, 'hex'))
    expect(opening?.packet).toEqual({ kind: 'startup', major: 3, minor: 0, parameters: new Map(Object.entries(session.startup)) })
    const messages = new FrontendDecoder(limits).push(opening?.rest ?? new Uint8Array(0))
    expect(messages.map(({ kind }) => kind).join(' ')).toBe(session.messages)
    expect(messages.flatMap((message) => (message.kind === 'query' || message.kind === 'parse' ? [message.text] : []))).toEqual(session.statements)
  })

  test('says from the server what it said, and ends at a boundary', () => {
    const scanner = new BackendScanner()
    const pieces = scanner.push(Buffer.from(session.server, 'hex'))
    expect(pieces.map((piece) => (piece.body === null ? `${piece.rows}` : strictText(piece.bytes.subarray(0, 1)))).join(' ')).toBe(session.pieces)
    expect(scanner.atBoundary).toBe(true)
  })
})

describe('what PostgreSQL 15 stored for a password', () => {
  test.each(verifiers)('$name', async ({ password, salt, iterations, storedKey, serverKey }) => {
    const { storedKey: stored, serverKey: server } = await makeVerifier(password, bytes(salt), iterations)
    expect([new Uint8Array(stored), new Uint8Array(server)]).toEqual([bytes(storedKey), bytes(serverKey)])
  })
})

test('the MD5 answer is md5(md5(password, user), salt)', () => {
  expect(md5Answer('alice', 'pencil', Uint8Array.of(1, 2, 3, 4))).toBe('md537cba386e8b90f1e3941a0e792722253')
})
