import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createClient } from '../src/client.ts'
import { ClientError } from '../src/client-error.ts'
import type { QueryLine } from '../src/schemas/query.ts'

const said = fc.option(fc.string({ unit: 'binary' }))
const line: fc.Arbitrary<QueryLine> = fc.oneof(
  fc.record({ kind: fc.constant('rows' as const), statement: fc.nat(9), rows: fc.array(fc.array(said)) }),
  fc.record({ kind: fc.constant('columns' as const), statement: fc.nat(9), columns: fc.array(fc.record({ name: fc.string(), type: fc.string() })) }),
  fc.record({ kind: fc.constant('done' as const), statement: fc.nat(9), tag: fc.string(), rows: fc.nat(), more: fc.boolean(), ms: fc.nat() }),
  fc.record({
    kind: fc.constant('notice' as const),
    severity: fc.string(),
    code: fc.string(),
    message: fc.string({ unit: 'binary' }),
    detail: said,
    hint: said,
    request: said,
  }),
)
const END: QueryLine = { kind: 'end' }

/** A client whose gateway sends these bytes, cut where `cuts` says. */
function sending(bytes: Uint8Array, cuts: readonly number[] = []) {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((one, other) => one - other), bytes.length]
  const pieces = places.slice(1).map((end, index) => bytes.slice(places[index], end))
  const body = new ReadableStream<Uint8Array>({
    start: (stream) => {
      for (const piece of pieces) if (piece.length > 0) stream.enqueue(piece)
      stream.close()
    },
  })
  return createClient({ url: 'https://gw.example', fetch: () => Promise.resolve(new Response(body)) })
}

const bytesOf = (lines: readonly QueryLine[]) => new TextEncoder().encode(lines.map((each) => `${JSON.stringify(each)}\n`).join(''))
async function all(lines: AsyncGenerator<QueryLine>): Promise<readonly QueryLine[]> {
  const found: QueryLine[] = []
  for await (const each of lines) found.push(each)
  return found
}

const ask = { resource: 'db', sql: 'SELECT 1' }

describe('what a query answers', () => {
  test('is read line by line, wherever the network divides its bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 12 }), async (lines, cuts) => {
        expect(await all(sending(bytesOf([...lines, END]), cuts).query(ask))).toEqual([...lines, END])
      }),
    )
  })

  test('is cut off wherever its end is missing, after what came before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 4 }), fc.nat(), async (lines, cut) => {
        const whole = bytesOf([...lines, END])
        const seen: QueryLine[] = []
        const reading = async () => {
          for await (const each of sending(whole.slice(0, cut % whole.length)).query(ask)) seen.push(each)
        }
        await expect(reading()).rejects.toBeInstanceOf(ClientError)
        expect(seen).toEqual(lines.slice(0, seen.length))
      }),
    )
  })

  test('ends quietly where the reader ends it', async () => {
    const stop = new AbortController()
    const client = createClient({
      url: 'https://gw.example',
      fetch: (_, { signal }) => new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted')))),
    })
    const reading = all(client.query(ask, stop.signal))
    stop.abort()
    expect(await reading).toEqual([])
  })
})
