import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createClient } from '../src/client.ts'
import { ClientError } from '../src/client-error.ts'
import { eventData } from '../src/events.ts'

const answering = (response: () => Response, seen: { url: string; init: RequestInit }[] = []) =>
  createClient({
    url: 'https://gw.example:7070',
    token: 'cst_secret',
    fetch: (url, init) => {
      seen.push({ url, init })
      return Promise.resolve(response())
    },
  })

const failure = async (promise: Promise<unknown>): Promise<ClientError> => {
  const error = await promise.then(
    () => null,
    (cause: unknown) => cause,
  )
  if (error instanceof ClientError) return error
  throw new Error(`expected a ClientError, got ${String(error)}`)
}

describe('what the client sends', () => {
  test('path parameters are encoded, the rest is the body, and the token is in its header', async () => {
    const seen: { url: string; init: RequestInit }[] = []
    await failure(answering(() => Response.json({ code: 'not-found', message: 'no' }, { status: 404 }), seen).approve({ id: 'a/../b', comment: 'ok' }))
    expect(seen[0]?.url).toBe('https://gw.example:7070/api/v1/requests/a%2F..%2Fb/approve')
    expect(seen[0]?.init).toMatchObject({ method: 'POST', body: '{"comment":"ok"}', redirect: 'error', headers: { authorization: 'Bearer cst_secret' } })
  })

  test('what a GET is given is its query', async () => {
    const seen: { url: string; init: RequestInit }[] = []
    expect(await answering(() => Response.json([]), seen).requests({ inbox: true, status: 'pending' })).toEqual([])
    expect(seen[0]?.url).toBe('https://gw.example:7070/api/v1/requests?inbox=true&status=pending')
  })
})

describe('a gateway that is none, or another version', () => {
  test.each<[string, () => Response]>([
    ['HTML', () => new Response('<html>', { status: 200 })],
    ['an empty body', () => new Response(null, { status: 200 })],
    ['JSON of another shape', () => Response.json({ user: 7 })],
    ['an error that is no Problem', () => Response.json({ oops: true }, { status: 500 })],
  ])('%s is an unexpected answer', async (_, response) => {
    expect((await failure(answering(response).whoami())).code).toBe('unexpected-answer')
  })

  test('whatever it answers, the client throws nothing but ClientError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), fc.constantFrom(200, 400, 403, 500), async (body, status) => {
        expect(await failure(answering(() => new Response(body, { status })).whoami())).toBeInstanceOf(ClientError)
      }),
    )
  })

  test('a refusal keeps its code, status and policies', async () => {
    const problem = { code: 'denied', message: 'denied by no-where-no-way', policies: ['no-where-no-way'] }
    const error = await failure(answering(() => Response.json(problem, { status: 403 })).ask({ resource: 'orders-db' }))
    expect(error).toMatchObject({ code: 'refused', status: 403, problem })
  })

  test('no answer at all says where it asked', async () => {
    const client = createClient({
      url: 'http://127.0.0.1:1',
      fetch: () => Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })),
    })
    expect((await failure(client.whoami())).message).toBe('the gateway at http://127.0.0.1:1 does not answer (connect ECONNREFUSED); is it running?')
  })

  test('an event without end is given up', async () => {
    const flood = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(1 << 20).fill(97)) })
    const stream = answering(() => new Response(flood)).events()
    expect((await failure(stream.next())).message).toMatch(/longer than any/)
  })
})

async function* inOrder(pieces: readonly string[]) {
  yield* pieces
}

const collect = async (pieces: readonly string[]) => {
  const found: string[] = []
  for await (const data of eventData(inOrder(pieces))) found.push(data)
  return found
}

describe('the event stream', () => {
  test('reads the same however it is cut into pieces', async () => {
    const stream = ': hello\n\nevent: grant\ndata: {"a":1}\n\n: beat\r\n\r\ndata:x\r\ndata: y\r\n\r\nid: 7\rdata: z\r\r'
    const whole = ['{"a":1}', 'x\ny', 'z']
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(stream.length), { maxLength: 8 }), async (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), stream.length]
        const pieces = at.slice(1).map((end, index) => stream.slice(at[index], end))
        expect(await collect([...pieces, '\n'])).toEqual(whole)
      }),
    )
  })

  test('an event that is cut off is no event', async () => {
    expect(await collect(['data: {"a":'])).toEqual([])
  })

  test('kinds of a newer gateway are passed over, and broken ones are not', async () => {
    const body = 'data: {"kind":"lease"}\n\ndata: {"kind":"resync"}\n\ndata: {"kind":"grant"}\n\n'
    const stream = answering(() => new Response(body)).events()
    expect((await stream.next()).value).toEqual({ kind: 'resync' })
    expect((await failure(stream.next())).code).toBe('unexpected-answer')
  })
})
