import { createECDH } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Parcel } from '../../src/notify/channel.ts'
import type { Message } from '../../src/notify/message.ts'
import { encrypt, seal } from '../../src/notify/push/encrypt.ts'
import { isPublic, publicLookup } from '../../src/notify/push/endpoint.ts'
import { PushChannel } from '../../src/notify/push/push.ts'
import { openPushKey, type PushKey } from '../../src/notify/push/vapid.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { aBrowser } from './browser.ts'
import { openPushService, type PushService, taken } from './push-service.ts'
import { aUser } from './users.ts'

const BOB = aUser('bob@example.com')

const MESSAGE: Message = {
  kind: 'review',
  tag: 'req-7kq2',
  title: 'req-7kq2 waits for your review: sql:write on orders-db',
  facts: [['Who asks', 'alice@example.com']],
  each: [],
  path: '/r/7kq2',
  until: Date.now() + 600_000,
}

describe('a sealed message', () => {
  test('is read by the browser that it is for, whatever it says, and says nothing by its length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const browser = aBrowser('https://push.example.com/1')
        const sealed = encrypt(JSON.stringify(text), browser.subscription.keys)
        expect(browser.read(sealed)).toBe(text)
        expect(sealed.length).toBe(encrypt('""', browser.subscription.keys).length)
        expect(() => aBrowser('https://push.example.com/2').read(sealed)).toThrow(/authenticate|state/)
      }),
      { numRuns: 30 },
    )
  })

  test('is that of the example in RFC 8291, section 5', () => {
    const ours = createECDH('prime256v1')
    ours.setPrivateKey(Buffer.from('yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw', 'base64url'))
    const to = {
      p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
      auth: 'BTBZMqHH6r4Tts7J_aSIgg',
    }
    const salt = Buffer.from('DGv6ra1nlYgDCS1FRnbzlw', 'base64url')
    expect(seal(Buffer.from('When I grow up, I want to be a watermelon\u0002'), to, { ours, salt }).toString('base64url')).toBe(
      'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
    )
  })
})

test.each([
  ...['8.8.8.8', '1.1.1.1', '2606:4700::1111', '2a00:1450:4001::1'].map((address) => [address, true] as const),
  ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '169.254.169.254', '172.31.0.1', '192.168.1.1', '198.18.0.1', '224.0.0.1', '255.255.255.255'].map(
    (address) => [address, false] as const,
  ),
  ...['::', '::1', '::ffff:8.8.8.8', '64:ff9b::7f00:1', 'fe80::1', 'fc00::1', 'ff02::1', '2001::1', '2001:db8::1', '2002:7f00:1::', 'localhost'].map(
    (address) => [address, false] as const,
  ),
])('%s is an address of the public Internet: %s', (address, expected) => {
  expect(isPublic(address)).toBe(expected)
})

describe('a browser', () => {
  let folder: string
  let store: Store
  let key: PushKey
  let service: PushService
  let channel: PushChannel
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-push-'))
    store = await openStore({ store: { kind: 'sqlite' }, data: folder })
    key = await openPushKey(store.notifications)
    service = await openPushService()
    channel = new PushChannel({ contact: 'mailto:ops@example.com', inside: [service.host], ca: service.ca }, store.notifications, key, Date.now)
  })
  afterEach(async () => {
    await service.close()
    await store.close()
    rmSync(folder, { recursive: true })
  })

  const subscribe = async (endpoint?: string) => {
    const { subscription } = service.subscribe(key.publicKey)
    const { endpoint: own, keys } = subscription
    return store.notifications.subscribe({ id: own, user: BOB.name, endpoint: endpoint ?? own, ...keys, label: null, createdAt: 0 })
  }
  const send = (over: Partial<Message> = {}, to = channel) =>
    to.send({ id: 'delivery-1', message: { ...MESSAGE, ...over }, to: BOB } satisfies Parcel, new AbortController().signal)

  test('is shown what waits, and where it opens; each of his browsers is', async () => {
    await subscribe()
    await subscribe()
    await send()
    const { kind, tag, title, path } = MESSAGE
    expect(service.shown).toEqual([1, 2].map(() => ({ kind, tag, title, body: 'Who asks: alice@example.com', path })))
    expect(service.requests[0]?.headers).toMatchObject({ urgency: 'high', ttl: expect.stringMatching(/^(600|5\d\d)$/) })
    expect(service.requests[0]?.headers['topic']).toBe(service.requests[1]?.headers['topic'])
  })

  test('is told in time, however long what is said is', async () => {
    await subscribe()
    await send({ title: '\u{1F512}'.repeat(500), facts: [['Who asks', '"\\名'.repeat(500)]], until: null })
    await send({ until: 0 })
    expect(service.shown).toEqual([expect.objectContaining({ title: expect.stringMatching(/…$/) }), expect.objectContaining({ tag: MESSAGE.tag })])
    expect(service.requests.map(({ headers }) => headers['ttl'])).toEqual(['86400', '60'])
  })

  test.each([404, 410])('that its service does not know any more (%i) is removed, and nobody waits for it', async (status) => {
    await subscribe()
    service.answer = (response) => void response.writeHead(status).end()
    await send()
    expect(await store.notifications.subscriptions(BOB.name)).toEqual([])
    await send()
    expect(service.requests).toHaveLength(1)
  })

  test('whose service fails is tried again, when the service says so; one that refuses the message is not', async () => {
    await subscribe()
    service.answer = (response) => void response.writeHead(429, { 'retry-after': '120' }).end()
    await expect(send()).rejects.toMatchObject({ message: `https://${service.host}:${portOf(service)} answered 429`, notBefore: 120_000, final: false })
    service.answer = (response) => void response.writeHead(413).end()
    await expect(send()).rejects.toMatchObject({ final: true })
    expect(await store.notifications.subscriptions(BOB.name)).toHaveLength(1)
  })

  test('that is told already is not told again because another is not', async () => {
    await subscribe()
    await subscribe(service.subscribe(key.publicKey).subscription.endpoint.replace(/:\d+/, ':1'))
    await expect(send()).resolves.toBeUndefined()
    expect(service.shown).toHaveLength(1)
  })

  test('whose service redirects is not followed there', async () => {
    await subscribe()
    const elsewhere = await openPushService()
    service.answer = (response) => void response.writeHead(307, { location: elsewhere.subscribe(key.publicKey).subscription.endpoint }).end()
    await expect(send()).rejects.toThrow('answered 307')
    expect(elsewhere.requests).toEqual([])
    await elsewhere.close()
  })

  test('whose service answers without end is not waited for', async () => {
    await subscribe()
    let closed = false
    service.answer = (response) => {
      response.on('close', () => (closed = true))
      response.writeHead(201)
      response.write('x'.repeat(1_000_000))
    }
    await send()
    await expect.poll(() => closed).toBe(true)
  })

  test('that says a service inside is not dialled, by address or by name', async () => {
    await subscribe()
    const outside = new PushChannel({ contact: 'mailto:ops@example.com', inside: [], ca: service.ca }, store.notifications, key, Date.now)
    await expect(send({}, outside)).rejects.toThrow('not a host of the public Internet')
    // A name that leads here: what it means is looked at when it is dialled.
    const resolved = (inside: readonly string[]) =>
      new Promise((resolve, reject) => publicLookup(inside)('localhost', { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses))))
    await expect(resolved([])).rejects.toThrow('localhost has no address of the public Internet')
    await expect(resolved(['localhost'])).resolves.not.toEqual([])
    expect(service.requests).toEqual([])
  })

  test('at a service with a certificate that nobody vouches for is not told', async () => {
    await subscribe()
    const strict = new PushChannel({ contact: 'mailto:ops@example.com', inside: [service.host], ca: null }, store.notifications, key, Date.now)
    await expect(send({}, strict)).rejects.toThrow('self-signed certificate')
    expect(service.shown).toEqual([])
    expect(service.answer).toBe(taken)
  })

  const portOf = (of: PushService) => new URL(of.subscribe('').subscription.endpoint).port
})
