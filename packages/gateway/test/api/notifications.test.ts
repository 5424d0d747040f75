import { DEFAULT_CHOICES } from '@countersign/core/notification'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aBrowser } from '../notify/browser.ts'
import { type Bed, openBed } from './bed.ts'

let bed: Bed
beforeAll(async () => {
  bed = await openBed()
})
afterAll(() => bed.close())

const quiet = { from: '22:00', until: '07:00', timeZone: 'Europe/Berlin' }

describe('how somebody is told', () => {
  test('until he chooses, and as he chooses; nobody else sees it', async () => {
    const { channels, repeat, ...choices } = await bed.client('alice').notifications()
    expect(choices).toEqual(DEFAULT_CHOICES)
    expect(channels).toEqual({
      email: { address: null, unavailable: 'this gateway is not configured for it (notify.email)' },
      push: { browsers: 0, unavailable: 'no browser is subscribed' },
    })
    expect(repeat).toEqual({ everyMs: 600_000, times: 3 })
    const chosen = { kinds: { ...DEFAULT_CHOICES.kinds, review: { email: false, push: false } }, quiet }
    expect(await bed.client('alice').setNotifications(chosen)).toMatchObject(chosen)
    expect(await bed.client('alice').notifications()).toMatchObject(chosen)
    expect(await bed.client('bob').notifications()).toMatchObject(DEFAULT_CHOICES)
  })

  test.each([
    ['a time zone that is none', { ...quiet, timeZone: 'Europe/Atlantis' }, 'there is no time zone Europe/Atlantis'],
    ['a time that is none', { ...quiet, from: '24:00' }, 'expected a time of day'],
  ])('%s is refused', async (_name, wrong, message) => {
    await expect(bed.client('alice').setNotifications({ ...DEFAULT_CHOICES, quiet: wrong })).rejects.toThrow(message)
  })

  test('is said by a person with a token of his own: not by an agent, not on the gateway’s own socket', async () => {
    const token = (await bed.client('alice').createToken({ user: 'alice', agent: 'claude' })).token
    const agent = await fetch(`${bed.url}/api/v1/me/notifications`, { headers: { authorization: `Bearer ${token}` } })
    expect([agent.status, await agent.json()]).toMatchObject([403, { message: expect.stringContaining('its user is') }])
    await expect(bed.admin.push()).rejects.toThrow('the local administrator is told nothing')
  })

  test('a body that is long, or not said to be JSON, is refused', async () => {
    const put = (headers: Record<string, string>, body: string) => bed.ask('/api/v1/me/notifications', { as: 'alice', method: 'PUT', headers, body })
    expect((await put({ 'content-type': 'text/plain' }, JSON.stringify(DEFAULT_CHOICES))).status).toBe(415)
    expect((await put({ 'content-type': 'application/json' }, JSON.stringify({ quiet: 'x'.repeat(1024 * 1024) }))).status).toBe(413)
  })
})

describe('trying it', () => {
  test('sends a message by each channel that reaches him, says why it was not taken, and is not done all the time', async () => {
    expect(await bed.client('root').tryNotifications()).toEqual([])
    const { id } = await bed.client('bob').subscribePush(aBrowser('https://push.internal/1').subscription)
    const [tried] = await bed.client('bob').tryNotifications()
    expect(tried).toEqual({ channel: 'push', taken: false, because: expect.stringMatching(/^https:\/\/push\.internal did not take a message: /) })
    await expect(bed.client('bob').tryNotifications()).rejects.toThrow('try again in 10 s')
    await bed.client('bob').unsubscribePush({ id })
  })
})

describe('a browser', () => {
  test('subscribes once, is listed without what would let others send to it, and is another’s when he uses it', async () => {
    const { subscription } = aBrowser('https://fcm.googleapis.com/fcm/send/a-secret-address')
    const subscribed = await bed.client('alice').subscribePush({ ...subscription, expirationTime: null, label: 'Chrome on Android' })
    expect(subscribed).toMatchObject({ service: 'fcm.googleapis.com', label: 'Chrome on Android' })
    expect(await bed.client('alice').subscribePush({ ...subscription, label: 'Chrome on Android' })).toEqual(subscribed)
    const listed = await bed.client('alice').push()
    expect(listed).toEqual({ key: expect.stringMatching(/^B[\w-]{86}$/), subscriptions: [subscribed] })
    expect(JSON.stringify(listed)).not.toMatch(/a-secret-address|p256dh/)
    expect((await bed.client('alice').notifications()).channels.push).toEqual({ browsers: 1, unavailable: null })

    await expect(bed.client('bob').unsubscribePush({ id: subscribed.id })).rejects.toThrow('there is no subscription')
    const his = await bed.client('bob').subscribePush(subscription)
    expect((await bed.client('alice').push()).subscriptions).toEqual([])
    expect(await bed.client('bob').unsubscribePush({ id: his.id })).toEqual(his)
    expect(bed.logged.join('')).not.toContain('a-secret-address')
  })

  test.each([
    ['http://push.example.com/1', 'https'],
    ['https://localhost/1', 'not a host of the public Internet'],
    ['https://127.0.0.1/1', 'not a host of the public Internet'],
    ['https://2130706433/1', 'not a host of the public Internet'], // 127.0.0.1, as a number
    ['https://169.254.169.254/latest/meta-data', 'not a host of the public Internet'],
    ['https://[::1]/1', 'not a host of the public Internet'],
    ['https://[::ffff:10.0.0.1]/1', 'not a host of the public Internet'],
    ['https://[fd00::1]/1', 'not a host of the public Internet'],
    ['https://intranet/1', 'not a host of the public Internet'],
    ['https://user:password@push.example.com/1', 'no user in it'],
  ])('whose push service is at %s is refused', async (endpoint, message) => {
    const { subscription } = aBrowser(endpoint)
    await expect(bed.client('alice').subscribePush(subscription)).rejects.toThrow(message)
  })

  test('may be at a service inside that the operator lists', async () => {
    const subscribed = await bed.client('alice').subscribePush(aBrowser('https://push.internal/1').subscription)
    expect(await bed.client('alice').unsubscribePush({ id: subscribed.id })).toEqual(subscribed)
  })

  test('whose key is no point of the curve is refused', async () => {
    const { endpoint, keys } = aBrowser('https://push.example.com/1').subscription
    const off = Buffer.from(keys.p256dh, 'base64url')
    off[64] = (off[64] ?? 0) ^ 1
    await expect(bed.client('alice').subscribePush({ endpoint, keys: { ...keys, p256dh: off.toString('base64url') } })).rejects.toThrow('no point of P-256')
    await expect(bed.client('alice').subscribePush({ endpoint, keys: { ...keys, auth: 'short' } })).rejects.toThrow('16 bytes in base64url')
  })

  test('is one of ten at most', async () => {
    for (let n = 0; n < 10; n++) await bed.client('carol').subscribePush(aBrowser(`https://push.example.com/${n}`).subscription)
    await expect(bed.client('carol').subscribePush(aBrowser('https://push.example.com/10').subscription)).rejects.toThrow('10 browsers')
  })
})
