import { SubscribeBody } from '@countersign/contract/schemas/notification'
import { client } from './client.ts'

/** Lets the gateway tell this browser also while no page is open (W3C Push API). Rejects when the browser, or whoever sits before it, says no. */
export async function subscribeThisBrowser(key: string): Promise<void> {
  if ((await Notification.requestPermission()) !== 'granted')
    throw new Error('this browser was told not to show notices of this page; allow them in its settings')
  const worker = await navigator.serviceWorker.register('/service-worker.js')
  await navigator.serviceWorker.ready
  const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
  await client.subscribePush(SubscribeBody.parse({ ...subscription.toJSON(), label: nameOfBrowser() }))
}

/** Whoever uses this browser next is not told what was meant for the one before. Its push service then answers that it is gone, and the gateway forgets it. */
export async function unsubscribeThisBrowser(): Promise<void> {
  const worker = 'serviceWorker' in navigator ? await navigator.serviceWorker.getRegistration() : undefined
  await (await worker?.pushManager.getSubscription())?.unsubscribe()
}

/** To tell it by in a list, no more. */
function nameOfBrowser(): string {
  const agent = navigator.userAgent
  const browser = /(Firefox|Edg|OPR|Chrome|Safari)\//.exec(agent)?.[1]?.replace('Edg', 'Edge').replace('OPR', 'Opera') ?? 'Browser'
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(agent)?.[1] ?? ''
  return [browser, system].filter(Boolean).join(' on ')
}
