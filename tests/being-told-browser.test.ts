import type { PushMessage } from '@countersign/contract/schemas/notification'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openPushService, type PushService } from '../packages/gateway/test/notify/push-service.ts'
import { openBrowser, signedIn } from './support/browser.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { lacks } from './support/needs.ts'

const POLICY = '@id("sessions") @review("dba") permit (principal, action == Action::"connect", resource);'

describe.skipIf(lacks('chromium'))('a browser with no page of the console in front', () => {
  let pushes: PushService
  let gateway: GatewayProcess
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    browser = await openBrowser() // builds the console, which the gateway reads when it starts
    pushes = await openPushService()
    gateway = await startGateway({
      users: { 'alice@example.com': { groups: [] }, 'bob@example.com': { groups: ['dba'] } },
      resources: { db: { protocol: 'postgres', url: 'postgres://127.0.0.1:1/orders', credential: { username: 'app' } } },
      policy: POLICY,
      notify: { push: { contact: 'mailto:ops@example.com', inside: [pushes.host], ca: pushes.ca } },
    })
    ;({ page } = await signedIn(browser, gateway, { token: await gateway.token('bob@example.com', { mayReview: true }) }))
    await page.context().grantPermissions(['notifications'])
    await page.goto('/')
    await page.evaluate(async () => {
      await navigator.serviceWorker.register('/service-worker.js')
      await navigator.serviceWorker.ready
    })
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await gateway?.stop()
    await pushes?.close()
  })

  /** As its push service would, which is not on this machine. */
  async function deliver(message: unknown): Promise<void> {
    const devtools: CDPSession = await page.context().newCDPSession(page)
    const registered = new Promise<string>((resolve) =>
      devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations: [first] }) => first && resolve(first.registrationId)),
    )
    await devtools.send('ServiceWorker.enable')
    await devtools.send('ServiceWorker.deliverPushMessage', { origin: gateway.url, registrationId: await registered, data: JSON.stringify(message) })
    await devtools.detach()
  }

  const shown = () =>
    page.evaluate(async () => {
      const notifications = await (await navigator.serviceWorker.ready).getNotifications()
      return notifications.map(({ title, body, tag, data }) => ({ title, body, tag, path: (data as { path: string }).path }))
    })

  it('shows what waits, once however often it is told', async () => {
    const bob = gateway.api(await gateway.token('bob@example.com', { mayReview: true }))
    await bob.subscribePush(pushes.subscribe((await bob.push()).key ?? '').subscription)
    const { request } = await gateway.api(await gateway.token('alice@example.com')).ask({ resource: 'db' })
    await vi.waitFor(() => expect(pushes.shown).toHaveLength(1), 10_000)
    const [message] = pushes.shown
    await deliver(message)
    await deliver(message)
    const { title, body, tag, path } = message as PushMessage
    await vi.waitFor(async () => expect(await shown()).toEqual([{ title, body, tag, path }]), 10_000)
    expect(new URL(request.link).pathname).toBe(path)
  })

  it('is tried from the profile, which says what came of it', async () => {
    const before = pushes.shown.length
    await page.goto('/profile')
    await page.getByRole('button', { name: 'Try it' }).click()
    await page.getByText('Browser: a message is on its way.').waitFor()
    expect(pushes.shown.slice(before)).toMatchObject([{ kind: 'trial', path: '/profile' }])
  })

  it('opens it when it is touched, and nothing that is not the gateway’s own', async () => {
    const [worker] = page.context().serviceWorkers()
    if (!worker) throw new Error('there is no service worker')
    const opened = (path: string) =>
      worker.evaluate(async (to) => {
        const scope = globalThis as unknown as { registration: ServiceWorkerRegistration; clients: { openWindow: (url: string) => Promise<unknown> } }
        const urls: string[] = []
        // What a browser opens by itself only where a person has touched something.
        scope.clients.openWindow = (url) => Promise.resolve(urls.push(url))
        await scope.registration.showNotification('touched', { data: { path: to }, tag: to })
        const [notification] = await scope.registration.getNotifications({ tag: to })
        dispatchEvent(Object.assign(new Event('notificationclick'), { notification, waitUntil: () => undefined }))
        return urls
      }, path)
    expect(await opened('/r/7kq2')).toEqual([`${gateway.url}/r/7kq2`])
    expect(await opened('//elsewhere.example.com/r/7kq2')).toEqual([])
    expect(await opened('https://elsewhere.example.com/')).toEqual([])
  })

  it('is told no more when its reader signs out', async () => {
    await page.goto('/')
    // A subscription as a push service makes one, which is not on this machine.
    await page.evaluate(() => {
      const subscription = { unsubscribe: () => Promise.resolve(void (document.documentElement.dataset['told'] = 'no more')) }
      PushManager.prototype.getSubscription = () => Promise.resolve(subscription as unknown as PushSubscription)
    })
    await page.getByRole('button', { name: 'bob@example.com' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.locator('html[data-told="no more"]').waitFor()
    expect(await page.locator('html').getAttribute('data-told')).toBe('no more')
  })
})
