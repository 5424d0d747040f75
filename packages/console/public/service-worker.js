// Shows what the gateway pushes while no page is open, and opens what it is about. The message is PushMessage of packages/contract/src/schemas/notification.ts.

self.addEventListener('push', (event) => {
  const { tag, title, body, path } = event.data.json()
  event.waitUntil(self.registration.showNotification(title, { body, tag, renotify: true, data: { path }, icon: '/favicon.svg' }))
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  // Whatever was pushed, nothing but a page of this origin is opened.
  const url = new URL(event.notification.data.path, self.location.origin)
  if (url.origin === self.location.origin) event.waitUntil(self.clients.openWindow(url.href))
})
