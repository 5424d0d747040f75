import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { queries } from '../api/queries.ts'

/** Names the tab, with how many requests wait for whoever is signed in: seen where the tab is not. */
export function useTitle(title: string): void {
  const me = useQuery(queries.whoami)
  const inbox = useQuery({ ...queries.inbox, enabled: Boolean(me.data) })
  const waiting = inbox.data?.length ?? 0
  useEffect(() => {
    document.title = `${waiting > 0 ? `(${waiting}) ` : ''}${title} · Countersign`
  }, [title, waiting])
}
