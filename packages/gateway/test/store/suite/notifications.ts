import { DEFAULT_CHOICES } from '@countersign/core/notification'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DeliveryRecord, PushSubscriptionRecord } from '../../../src/store/store.ts'
import { StoreUnavailable } from '../../../src/store/store.ts'
import type { Pair } from '../bed.ts'

const SUBSCRIPTION: PushSubscriptionRecord = {
  id: 'push-1',
  user: 'alice',
  endpoint: `https://push.example.com/${'x'.repeat(1_900)}`,
  p256dh: 'point',
  auth: 'secret',
  label: 'Firefox on Linux',
  createdAt: 1,
}

export const aDelivery = (over: Partial<DeliveryRecord> = {}): DeliveryRecord => ({
  id: 'review:req-1:email:bob',
  version: 1,
  kind: 'review',
  subject: 'req-1',
  user: 'bob',
  channel: 'email',
  dueAt: 10,
  told: 0,
  failures: 0,
  changedAt: 1,
  ...over,
})

export function notifications(pair: () => Pair): void {
  test('a delivery is planned once, and of all who send it each time one does, whoever is quicker', async () => {
    const { here, there } = pair()
    const property = fc.asyncProperty(fc.uuid(), fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }), async (id, quicker) => {
      await Promise.all([here, there].map(({ notifications: store }) => store.plan([aDelivery({ id }), aDelivery({ id: `${id}:other` })])))
      let version = 1
      for (const first of quicker) {
        const next = aDelivery({ id, version: version + 1, told: version })
        const order = first ? [here, there] : [there, here]
        expect((await Promise.all(order.map(({ notifications: store }) => store.save([next])))).flat()).toEqual([id])
        version += 1
        await there.notifications.plan([aDelivery({ id })])
      }
      expect((await here.notifications.due(10, 1_000)).filter((delivery) => delivery.id === id)).toEqual([aDelivery({ id, version, told: version - 1 })])
    })
    await fc.assert(property, { numRuns: 10 })
  })

  test('what is due, the longest first; what is over is forgotten later', async () => {
    const { here, there } = pair()
    const at = (id: string, dueAt: number | null, changedAt = 1) => aDelivery({ id, dueAt, changedAt })
    await here.notifications.plan([])
    await here.notifications.plan([at('c', 3), at('a', 1), at('b', 2), at('later', 99), at('over', null), at('just over', null, 50)])
    const ids = async (now: number, limit = 10) => (await there.notifications.due(now, limit)).map(({ id }) => id)
    expect(await ids(3)).toEqual(['a', 'b', 'c'])
    expect(await ids(3, 1)).toEqual(['a'])
    await there.notifications.forget(50)
    expect(await here.notifications.save(['over', 'just over'].map((id) => aDelivery({ id, version: 2 })))).toEqual(['just over'])
    expect(await ids(100)).toEqual(['a', 'b', 'c', 'just over', 'later'])
  })

  test('more than one statement could hold', async () => {
    const { here, there } = pair()
    const many = Array.from({ length: 1_234 }, (_, index) => aDelivery({ id: String(index) }))
    await here.notifications.plan(many)
    expect(await there.notifications.due(10, 10_000)).toHaveLength(many.length)
    expect(await there.notifications.save(many.map((delivery) => ({ ...delivery, version: 2, dueAt: null })))).toHaveLength(many.length)
    expect(await here.notifications.due(10, 1)).toEqual([])
  })

  test('what is dropped may be planned again, and what somebody has changed meanwhile is not dropped', async () => {
    const { here, there } = pair()
    const [one, other] = [aDelivery({ id: 'one' }), aDelivery({ id: 'other' })]
    await here.notifications.plan([one, other])
    await there.notifications.save([{ ...other, version: 2, told: 1 }])
    await here.notifications.drop([one, other])
    expect(await there.notifications.due(100, 10)).toEqual([{ ...other, version: 2, told: 1 }])
    await there.notifications.plan([one, other])
    expect((await here.notifications.due(100, 10)).map(({ id, told }) => [id, told])).toEqual([
      ['one', 0],
      ['other', 1],
    ])
  })

  test('what somebody has chosen, until he chooses again', async () => {
    const { here, there } = pair()
    expect(await here.notifications.choices('alice')).toBeNull()
    await here.notifications.choose('alice', DEFAULT_CHOICES)
    const chosen = { ...DEFAULT_CHOICES, quiet: { from: '22:00', until: '07:00', timeZone: 'Europe/Berlin' } }
    await there.notifications.choose('alice', chosen)
    expect(await here.notifications.choices('alice')).toEqual(chosen)
    expect(await here.notifications.choices('bob')).toBeNull()
  })

  test('a browser is one subscription, of who used it last; nobody removes another’s', async () => {
    const { here, there } = pair()
    expect(await here.notifications.subscribe(SUBSCRIPTION)).toEqual(SUBSCRIPTION)
    const again = await there.notifications.subscribe({ ...SUBSCRIPTION, id: 'push-2', auth: 'another', createdAt: 5 })
    expect(again).toEqual({ ...SUBSCRIPTION, auth: 'another' })
    expect(await here.notifications.subscriptions('alice')).toEqual([again])
    const another = await here.notifications.subscribe({ ...SUBSCRIPTION, id: 'push-3', endpoint: 'https://push.example.com/2', createdAt: 7 })
    expect(await there.notifications.subscriptions('alice')).toEqual([again, another])

    const bobs = await there.notifications.subscribe({ ...SUBSCRIPTION, id: 'push-4', user: 'bob' })
    expect(await here.notifications.subscriptions('alice')).toEqual([another])
    expect(await here.notifications.unsubscribe(bobs.id, 'alice')).toBeNull()
    expect(await here.notifications.unsubscribe(bobs.id, 'bob')).toEqual(bobs)
    expect(await here.notifications.unsubscribe(bobs.id, 'bob')).toBeNull()
  })

  test('one key for all gateways', async () => {
    const { here, there } = pair()
    const keys = await Promise.all([here.notifications.pushKey('one'), there.notifications.pushKey('two')])
    expect(new Set(keys).size).toBe(1)
    expect(await here.notifications.pushKey('three')).toBe(keys[0])
  })

  test('a row that no gateway wrote is refused', async () => {
    const { here, bed } = pair()
    await here.notifications.plan([aDelivery()])
    await here.notifications.choose('alice', DEFAULT_CHOICES)
    await bed.sql(`update ${bed.schema}deliveries set due_at = 3`)
    await bed.sql(`update ${bed.schema}notification_choices set body = '{}'`)
    await expect(here.notifications.due(10, 1)).rejects.toThrow(StoreUnavailable)
    await expect(here.notifications.choices('alice')).rejects.toThrow(StoreUnavailable)
  })
}
