import { routes } from '@countersign/contract/routes'
import type { Notifications, PushSubscription } from '@countersign/contract/schemas/notification'
import type { Config } from '../../config/config.ts'
import type { Reach } from '../../notify/desk.ts'
import type { PushSubscriptionRecord } from '../../store/store.ts'
import type { App } from '../env.ts'
import type { ApiServices } from '../services.ts'

/** How the caller is told that something waits for him. */
export function mountNotifications(app: App, { notifications, config }: ApiServices): void {
  const { repeat } = config.notify

  app.openapi(routes.notifications, async (c) => c.json(present(await notifications.reach(c.get('caller')), repeat), 200))

  app.openapi(routes.setNotifications, async (c) => c.json(present(await notifications.choose(c.get('caller'), c.req.valid('json')), repeat), 200))

  app.openapi(routes.tryNotifications, async (c) => {
    const tried = await notifications.try(c.get('caller'))
    return c.json(
      tried.map(({ channel, because }) => ({ channel, taken: because === null, because })),
      200,
    )
  })

  app.openapi(routes.push, async (c) => {
    const subscriptions = await notifications.subscriptions(c.get('caller'))
    return c.json({ key: notifications.pushKey, subscriptions: subscriptions.map(presentSubscription) }, 200)
  })

  app.openapi(routes.subscribePush, async (c) => {
    const { endpoint, keys, label = null } = c.req.valid('json')
    return c.json(presentSubscription(await notifications.subscribe(c.get('caller'), { endpoint, ...keys, label })), 200)
  })

  app.openapi(routes.unsubscribePush, async (c) => c.json(presentSubscription(await notifications.unsubscribe(c.get('caller'), c.req.valid('param').id)), 200))
}

function present({ choices: { kinds, quiet }, email, push }: Reach, repeat: Config['notify']['repeat']): Notifications {
  const channels = { email: { address: email.address, unavailable: email.because }, push: { browsers: push.browsers, unavailable: push.because } }
  return { kinds: { ...kinds }, quiet: quiet && { ...quiet }, channels, repeat: { ...repeat } }
}

/** Neither the endpoint nor its keys: who knows them may send to that browser. */
function presentSubscription({ id, endpoint, label, createdAt }: PushSubscriptionRecord): PushSubscription {
  return { id, service: new URL(endpoint).host, label, createdAt: new Date(createdAt).toISOString() }
}
