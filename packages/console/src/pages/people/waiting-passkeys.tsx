import type { Passkey } from '@countersign/contract/schemas/passkey'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { peopleQueries } from '../../api/people-queries.ts'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { Dim } from '../../parts/dim.tsx'
import { passkeyState } from '../../parts/passkey-state.ts'
import { Section } from '../../parts/section.tsx'
import { Seen } from '../../parts/seen.tsx'
import { Failed } from '../../parts/states.tsx'
import { Ago } from '../../parts/times.tsx'
import { useMe } from '../../shell/me.ts'
import classes from './people.module.css'
import { ReviewPasskey } from './review-passkey.tsx'

const TITLE = 'Passkeys that wait for another admin'

/** Keys of admins that another admin is asked about. Nothing is shown where there is none. */
export function WaitingPasskeys() {
  const me = useMe()
  const waiting = useQuery(peopleQueries.waiting)
  if (waiting.isError) return <Failed error={waiting.error} onRetry={() => void waiting.refetch()} />
  if (!waiting.data || waiting.data.length === 0) return null
  return (
    <div className={classes.waiting}>
      <Section title={TITLE}>
        <Dim>Agree only when you know, from himself, that the key is his: with it somebody speaks as an admin.</Dim>
        <DataTable label={TITLE} rows={waiting.data} keyOf={({ id }) => id} columns={me.admin ? [...COLUMNS, REVIEW] : COLUMNS} />
      </Section>
    </div>
  )
}

const COLUMNS: readonly Column<Passkey>[] = [
  {
    name: 'Person',
    show: ({ user }) => (
      <Link to="/people/$name" params={{ name: user }}>
        <Seen text={user} />
      </Link>
    ),
  },
  { name: 'Passkey', show: ({ name }) => <Seen text={name} /> },
  { name: 'Made', show: ({ createdAt }) => <Ago at={createdAt} />, unbroken: true },
  { name: 'State', show: passkeyState, rest: true },
]

const REVIEW: Column<Passkey> = { name: 'Review', show: (passkey) => <ReviewPasskey passkey={passkey} /> }
