import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ALICE, aRequest } from '../../../core/test/arbitraries.ts'
import { reviewItem } from '../../src/notify/message.ts'
import { WebhookChannel } from '../../src/notify/webhook.ts'
import { openWebhook, type WebhookReceiver } from '../export/receivers.ts'

const ITEM = reviewItem(aRequest({ id: 'req-7kq2', requester: { ...ALICE, agent: 'claude' } }), ['bob', 'carol'])

let hook: WebhookReceiver
let channel: WebhookChannel
beforeEach(async () => {
  hook = await openWebhook()
  channel = new WebhookChannel({ url: hook.url, secret: { env: 'EXPORT_TEST_SECRET' }, ca: null }, () => 'https://cs.example.com', Date.now)
})
afterEach(() => hook.remove())

const send = () => channel.send('delivery-1', ITEM, new AbortController().signal)

test('a program is told who waits for whom, signed, with the link', async () => {
  await send()
  const [{ headers, body } = { headers: {}, body: '' }] = hook.calls
  expect(headers).toMatchObject({ 'webhook-id': 'delivery-1', 'content-type': 'application/json' })
  expect(JSON.parse(body)).toEqual({
    type: 'request.waiting',
    timestamp: expect.stringMatching(/Z$/),
    data: {
      request: 'req-7kq2',
      requester: 'alice/claude',
      resource: 'orders-db',
      action: 'sql:write',
      needs: '1 of dba',
      reviewers: ['bob', 'carol'],
      expiresAt: expect.stringMatching(/Z$/),
      link: 'https://cs.example.com/r/7kq2',
    },
  })
})

test('names are what they are, as JSON; and nothing that somebody typed is among them', async () => {
  const hostile = '<img src=x onerror=alert(1)>\u001b[2J\u202e"\r\nwebhook-id: other'
  const typed = 'canary of what was typed'
  const asked = aRequest({ requester: { ...ALICE, user: hostile }, reason: typed, ticket: typed, resource: hostile })
  await channel.send('delivery-1', reviewItem(asked, [hostile]), new AbortController().signal)
  const [{ headers, body } = { headers: {}, body: '' }] = hook.calls
  expect(headers).toMatchObject({ 'webhook-id': 'delivery-1' })
  expect(JSON.parse(body)).toMatchObject({ data: { requester: hostile, resource: hostile, reviewers: [hostile] } })
  expect(body).not.toMatch(/\p{Cc}|canary/u)
})

test('is told what docs/being-told.md shows', async () => {
  await send()
  const page = readFileSync(new URL('../../../../docs/being-told.md', import.meta.url), 'utf8')
  const [, example = ''] = /```json\n([^]*?)```/.exec(page) ?? []
  const keys = (text: string) => [Object.keys(JSON.parse(text) as object), Object.keys((JSON.parse(text) as { data: object }).data)]
  expect(keys(hook.calls[0]?.body ?? '')).toEqual(keys(example))
})

test('one that is not there, redirects or refuses is tried again, and its address, which may be a secret, is said to nobody', async () => {
  hook.answer = { status: 503, headers: { 'retry-after': '7' } }
  await expect(send()).rejects.toMatchObject({ message: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+ answered 503$/), notBefore: 7_000, final: false })
  hook.answer = { status: 307, headers: { location: hook.url } }
  await expect(send()).rejects.toThrow('answered 307')
  expect(hook.calls).toHaveLength(2)
  expect(channel.name).toMatch(/^webhook-[0-9a-f]{16}$/)
})
