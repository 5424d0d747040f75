import { Link } from '@tanstack/react-router'

/** To the page of a session, for who may open it. */
export function SessionLink({ id, mayOpen }: { readonly id: string; readonly mayOpen: boolean }) {
  if (!mayOpen) return <code>{id}</code>
  return (
    <Link to="/sessions/$id" params={{ id }}>
      <code>{id}</code>
    </Link>
  )
}
