import type { InviteInfo } from '@countersign/contract/schemas/passkey'
import { useQuery } from '@tanstack/react-query'
import { client } from '../../api/client.ts'
import { peopleQueries } from '../../api/people-queries.ts'
import { useNow } from '../../parts/clock.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { Section, Sections } from '../../parts/section.tsx'
import { Seen } from '../../parts/seen.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Ago, Left } from '../../parts/times.tsx'
import { useMe } from '../../shell/me.ts'
import { Invite } from './invite.tsx'

/** Links that are open: whoever has one enrols a passkey with it. */
export function Invitations() {
  const me = useMe()
  const now = useNow()
  const invitations = useQuery(peopleQueries.invitations)
  return (
    <Sections>
      {me.admin && <Invite />}
      <Section title="Open invitations" roomy>
        <Answer query={invitations} what="Invitations">
          {(all) => {
            const open = all.filter(({ usedAt, revokedAt, expiresAt }) => usedAt === null && revokedAt === null && now < Date.parse(expiresAt))
            if (open.length === 0)
              return (
                <Empty title="No invitation is open">
                  <p>One that was used, taken back or is over stands in the ledger.</p>
                </Empty>
              )
            return <DataTable label="Open invitations" rows={open} keyOf={({ id }) => id} columns={me.admin ? [...COLUMNS, TAKE_BACK] : COLUMNS} />
          }}
        </Answer>
      </Section>
    </Sections>
  )
}

const COLUMNS: readonly Column<InviteInfo>[] = [
  { name: 'For', show: ({ user }) => <Seen text={user} /> },
  { name: 'Made by', show: ({ createdBy }) => <Seen text={createdBy} /> },
  { name: 'Made', show: ({ createdAt }) => <Ago at={createdAt} /> },
  { name: 'Good for', show: ({ expiresAt }) => <Left until={expiresAt} /> },
]

const TAKE_BACK: Column<InviteInfo> = {
  name: 'Change',
  show: ({ id, user }) => (
    <Confirm label="Take it back" about={`the invitation of ${user}`} changes="people" act={() => client.revokeInvite({ id })}>
      <p>The link enrols nobody any more. Who was introduced with it stays known, and can be invited again.</p>
    </Confirm>
  ),
}
