import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openWebhook, type WebhookReceiver } from '../packages/gateway/test/export/receivers.ts'
import { type Mailbox, openMailbox } from '../packages/gateway/test/notify/mailbox.ts'
import { openPushService, type PushService } from '../packages/gateway/test/notify/push-service.ts'
import type { GatewayProcess } from './support/gateway.ts'
import { lacks } from './support/needs.ts'
import { openReplicas, type Replicas } from './support/replicas.ts'
import { held } from './support/stage.ts'

/** A gateway that says nothing for 15 s is taken for dead. */
const TAKEN_OVER_MS = 40_000

describe.skipIf(lacks('psql'))('a statement that waits, where people are told', () => {
  let mailbox: Mailbox
  let pushes: PushService
  let hook: WebhookReceiver
  let replicas: Replicas

  beforeAll(async () => {
    ;[mailbox, pushes, hook] = await Promise.all([openMailbox(), openPushService(), openWebhook()])
    const notify = {
      email: { smtp: `smtp://${mailbox.host}:${mailbox.port}`, from: 'countersign@example.com' },
      push: { contact: 'mailto:ops@example.com', inside: [pushes.host], ca: pushes.ca },
      webhook: [{ url: hook.url, secret: { env: 'EXPORT_TEST_SECRET' } }],
    }
    replicas = await openReplicas({ notify })
  })
  afterAll(async () => {
    await replicas?.close()
    await Promise.all([mailbox?.close(), pushes?.close(), hook?.remove()])
  })

  const subscribe = async (gateway: GatewayProcess, token: string) => {
    const api = gateway.api(token)
    await api.subscribePush(pushes.subscribe((await api.push()).key ?? '').subscription)
  }
  const titles = () => pushes.shown.map((shown) => (shown instanceof Error ? shown.message : shown.title))
  /** In a message of its own, or in one about several. */
  const shownOf = (id: string) => pushes.shown.filter((shown) => !(shown instanceof Error) && `${shown.title}${shown.body}`.includes(id))
  const lettersOf = (id: string) => mailbox.letters.filter(({ text }) => text?.includes(id))
  const hooksOf = (id: string) =>
    hook.calls.map(({ body }) => JSON.parse(body) as { type: string; data: Record<string, unknown> }).filter(({ data }) => data['request'] === id)

  it('can be tried before there is any', async () => {
    const { a, erin } = replicas
    await subscribe(a, erin.token)
    expect(await a.api(erin.token).tryNotifications()).toEqual(['email', 'push'].map((channel) => ({ channel, taken: true, because: null })))
    expect(mailbox.letters.splice(0)).toMatchObject([{ envelope: { to: [erin.user] }, subject: 'Countersign reaches you' }])
    expect(pushes.shown.splice(0)).toMatchObject([{ kind: 'trial', title: 'Countersign reaches you', path: '/profile' }])
  })

  it('is told to its reviewer by every channel with the link, and to who asked when it is decided', async () => {
    const { a, b, alice, bob } = replicas
    await subscribe(a, bob.token)
    await subscribe(b, alice.token)
    const session = alice.psql(a)
    session.type("UPDATE orders SET status = 'a canary' WHERE id = 7;")
    const id = await held(session)
    await vi.waitFor(() => expect([lettersOf(id), titles(), hooksOf(id)].map(({ length }) => length)).toEqual([1, 1, 1]), 10_000)
    const [letter] = lettersOf(id)
    expect(letter?.envelope.to).toEqual([bob.user])
    expect(letter?.text).toMatch(new RegExp(`^Open it: http://127\\.0\\.0\\.1:\\d+/r/${id.replace('req-', '')}$`, 'm'))
    expect(titles()).toEqual([`${id} waits for your review: sql:write on db`])
    expect(hooksOf(id)).toMatchObject([
      { type: 'request.waiting', data: { requester: alice.user, reviewers: [bob.user], resource: 'db', action: 'sql:write' } },
    ])

    await b.api(bob.token).approve({ id, comment: 'a canary' })
    await session.next(/UPDATE 1\n/)
    await session.quit()
    await vi.waitFor(() => expect(titles()).toContain(`${id} was approved (sql:write on db)`), 10_000)
    await vi.waitFor(() => expect(hooksOf(id).map(({ type }) => type)).toEqual(['request.waiting', 'request.approved']), 10_000)
    expect(lettersOf(id)).toHaveLength(1)
    expect(JSON.stringify([mailbox.letters, pushes.shown, hook.calls])).not.toContain('canary')
    expect(`${a.log()}${b.log()}`).not.toMatch(/hidden|p256dh|\/push\/\d/)
  })

  it('is told once, by the other gateway, when the one that tells is killed', { timeout: 90_000 }, async () => {
    const { a, b, alice, bob } = replicas
    const holder = async () => (await replicas.store("SELECT holder FROM countersign.exports WHERE name = 'notify:'"))[0]?.[0]
    const idOf = async (gateway: GatewayProcess) => (await gateway.api(bob.token).gateway()).id
    const [killed, left] = (await holder()) === (await idOf(a)) ? [a, b] : [b, a]
    expect(await holder()).toBe(await idOf(killed))
    const ask = async (n: number) => {
      const { request } = await left.api(alice.token).ask({ resource: 'db', action: `DELETE FROM orders WHERE id = ${n}` })
      return request.id
    }
    const before = await ask(1)
    await killed.crash()
    const after = await ask(2)
    await vi.waitFor(() => expect(lettersOf(after)).toHaveLength(1), TAKEN_OVER_MS)
    expect(await holder()).toBe(await idOf(left))
    // What was about to be sent may have been missed; it was not sent twice.
    expect(lettersOf(before).length).toBeLessThanOrEqual(1)
    expect(hooksOf(after)).toHaveLength(1)
    expect(shownOf(after)).toHaveLength(1)
    expect(shownOf(before).length).toBeLessThanOrEqual(1)
  })
})
