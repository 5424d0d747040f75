import type { Request } from '@countersign/contract/schemas/request'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { queries } from '../api/queries.ts'

/** Says in the browser's own way that a request waits, to somebody who looks elsewhere. Several tabs say it once: a notice with the same tag takes its place. */
export function useBrowserNotices(): void {
  const inbox = useQuery(queries.inbox)
  const known = useRef<ReadonlySet<string> | null>(null)
  useEffect(() => {
    if (!inbox.data) return
    const before = known.current
    known.current = new Set(inbox.data.map(({ id }) => id))
    if (before === null || !document.hidden || !('Notification' in window) || Notification.permission !== 'granted') return
    for (const request of inbox.data) if (!before.has(request.id)) tell(request)
  }, [inbox.data])
}

/** Nothing of the statement or the reason: a notice is read by whoever stands beside. */
function tell({ id, requester, resource, ask, link }: Request): void {
  const notice = new Notification(`${requester.id} asks for ${ask.kind === 'scope' ? ask.scope : ask.type}`, { body: `${resource}, ${id}`, tag: id })
  notice.addEventListener('click', () => {
    window.focus()
    window.location.assign(new URL(link).pathname)
  })
}
