import type { LoginInfo } from '@countersign/contract/schemas/login'
import { useQuery } from '@tanstack/react-query'
import { client } from '../../api/client.ts'
import { peopleQueries } from '../../api/people-queries.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { Section } from '../../parts/section.tsx'
import { Seen } from '../../parts/seen.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Ago } from '../../parts/times.tsx'
import { useMe } from '../../shell/me.ts'
import { sourceInWords } from '../people/words.ts'

/** The browsers in which somebody is signed in now. */
export function PersonSignIns({ user }: { readonly user: string }) {
  const me = useMe()
  const logins = useQuery(peopleQueries.logins(user))
  return (
    <Section title="Sign-ins">
      <Answer query={logins} what="Sign-ins">
        {(all) => {
          const live = all.filter(({ endedAt }) => endedAt === null)
          if (live.length === 0) return <Empty title="No browser is signed in" />
          return <DataTable label="Sign-ins" rows={live} keyOf={({ id }) => id} columns={me.admin ? [...COLUMNS, END] : COLUMNS} />
        }}
      </Answer>
    </Section>
  )
}

/** What a browser calls itself comes from wherever it is. */
const COLUMNS: readonly Column<LoginInfo>[] = [
  {
    name: 'Browser',
    show: ({ current, userAgent }) => (current ? 'this one' : userAgent === null ? 'a browser' : <Seen text={userAgent.slice(0, 200)} />),
    rest: true,
  },
  { name: 'From', show: ({ client: address }) => <code>{address}</code> },
  { name: 'By', show: ({ method }) => (method === 'passkey' ? method : sourceInWords(method)), unbroken: true },
  { name: 'Since', show: ({ createdAt }) => <Ago at={createdAt} />, unbroken: true },
  { name: 'Used', show: ({ lastUsedAt }) => <Ago at={lastUsedAt} />, unbroken: true },
]

const END: Column<LoginInfo> = {
  name: 'Change',
  show: ({ id, user, client: address }) => (
    <Confirm label="End it" about={`the sign-in of ${user} from ${address}`} changes="people" act={() => client.endLogin({ id })}>
      <p>That browser is signed out at once. Who may sign in there may do so again.</p>
    </Confirm>
  ),
}
