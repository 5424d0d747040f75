import type { Passkey, Person } from '@countersign/contract/schemas/passkey'
import { useQuery } from '@tanstack/react-query'
import { client } from '../../api/client.ts'
import { peopleQueries } from '../../api/people-queries.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { passkeyState } from '../../parts/passkey-state.ts'
import { Section } from '../../parts/section.tsx'
import { Seen } from '../../parts/seen.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Ago } from '../../parts/times.tsx'
import { useMe } from '../../shell/me.ts'
import classes from '../people/people.module.css'
import { ReviewPasskey } from '../people/review-passkey.tsx'

/** What somebody signs in with and signs approvals with. */
export function PersonPasskeys({ person: { name: user, admin, adminWaits } }: { readonly person: Person }) {
  const me = useMe()
  const passkeys = useQuery(peopleQueries.passkeys(user))
  const columns = me.admin ? [...COLUMNS, changeOf(admin || adminWaits)] : COLUMNS
  return (
    <Section title="Passkeys">
      <Answer query={passkeys} what="Passkeys">
        {(all) => {
          const standing = all.filter(({ status }) => status !== 'removed')
          if (standing.length === 0) return <Empty title="There is no passkey" />
          return <DataTable label="Passkeys" rows={standing} keyOf={({ id }) => id} columns={columns} />
        }}
      </Answer>
    </Section>
  )
}

const COLUMNS: readonly Column<Passkey>[] = [
  { name: 'Passkey', show: ({ name }) => <Seen text={name} /> },
  { name: 'State', show: passkeyState, rest: true },
  { name: 'Kept', show: ({ backedUp }) => (backedUp ? 'by a service' : 'in one device'), unbroken: true },
  { name: 'Made', show: ({ createdAt }) => <Ago at={createdAt} />, unbroken: true },
  { name: 'Used', show: ({ lastUsedAt }) => (lastUsedAt === null ? 'never' : <Ago at={lastUsedAt} />), unbroken: true },
]

const changeOf = (ofAdmin: boolean): Column<Passkey> => ({
  name: 'Change',
  show: (passkey) => {
    const { id, name, user, status, waits } = passkey
    return (
      <div className={classes.buttons}>
        {waits && <ReviewPasskey passkey={passkey} />}
        {status !== 'leaving' && (
          <Confirm label="Remove" about={`${name} of ${user}`} changes="people" act={() => client.removePasskey({ id })}>
            <p>It signs nobody in any more, and signs nothing. Wherever its owner has signed in with a passkey he is signed out; his tokens stay.</p>
            {ofAdmin && <p>It is an admin’s: another admin, where there is one, agrees to that, or it counts again.</p>}
          </Confirm>
        )}
      </div>
    )
  },
})
