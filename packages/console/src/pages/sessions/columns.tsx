import type { Session } from '@countersign/contract/schemas/session'
import { Link } from '@tanstack/react-router'
import type { Column } from '../../parts/data-table.tsx'

/** What a live and a past session have in common. */
export const COMMON: readonly Column<Session>[] = [
  { name: 'Session', show: ({ id }) => <SessionLink id={id} /> },
  { name: 'Person', show: ({ principal }) => principal.id },
  { name: 'Resource', show: ({ resource, database }) => (database === resource ? resource : `${resource} · ${database}`) },
  { name: 'From', show: ({ client }) => <code>{client}</code> },
]

export const SessionLink = ({ id }: { readonly id: string }) => (
  <Link to="/sessions/$id" params={{ id }}>
    <code>{id}</code>
  </Link>
)
