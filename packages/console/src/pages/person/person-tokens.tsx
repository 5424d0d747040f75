import type { TokenInfo } from '@countersign/contract/schemas/token'
import { useQuery } from '@tanstack/react-query'
import { client } from '../../api/client.ts'
import { peopleQueries } from '../../api/people-queries.ts'
import { useNow } from '../../parts/clock.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { Section } from '../../parts/section.tsx'
import { Seen } from '../../parts/seen.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Ago, Left } from '../../parts/times.tsx'
import { scopeInWords } from '../../parts/token-scope.ts'
import { useMe } from '../../shell/me.ts'

/** What proves somebody, or an agent of his, on command lines and in programs; those that are good. */
export function PersonTokens({ user }: { readonly user: string }) {
  const me = useMe()
  const now = useNow()
  const tokens = useQuery(peopleQueries.tokens(user))
  const good = tokens.data?.filter(({ revokedAt, expiresAt }) => revokedAt === null && now < Date.parse(expiresAt)) ?? []
  return (
    <Section title="Tokens" aside={me.admin && good.length > 1 && <RevokeAll user={user} />}>
      <Answer query={tokens} what="Tokens">
        {() =>
          good.length === 0 ? (
            <Empty title="There is no token" />
          ) : (
            <DataTable label="Tokens" rows={good} keyOf={({ id }) => id} columns={me.admin ? [...COLUMNS, REVOKE] : COLUMNS} />
          )
        }
      </Answer>
    </Section>
  )
}

function RevokeAll({ user }: { readonly user: string }) {
  return (
    <Confirm label="Revoke all" about={`tokens of ${user}`} changes="people" act={() => client.revokeTokens({ user })}>
      <p>All of them are good for nothing from now on, those of his agents too, and the sessions under them are cut.</p>
    </Confirm>
  )
}

const COLUMNS: readonly Column<TokenInfo>[] = [
  { name: 'Token', show: ({ id, name }) => (name === null ? <code>{id}</code> : <Seen text={name} />) },
  { name: 'For', show: ({ agent }) => (agent === null ? 'himself' : <Seen text={`agent ${agent}`} />), unbroken: true },
  { name: 'Good for', show: (token) => goodFor(token), rest: true },
  { name: 'Made by', show: ({ createdBy }) => <Seen text={createdBy} />, unbroken: true },
  { name: 'Made', show: ({ createdAt }) => <Ago at={createdAt} />, unbroken: true },
  { name: 'Used', show: ({ lastUsedAt }) => (lastUsedAt === null ? 'never' : <Ago at={lastUsedAt} />), unbroken: true },
  { name: 'Ends', show: ({ expiresAt }) => <Left until={expiresAt} />, unbroken: true },
]

const goodFor = (token: TokenInfo): string => `${scopeInWords(token, 'all that he may')}${token.mayReview ? ', and reviews' : ''}`

const REVOKE: Column<TokenInfo> = {
  name: 'Change',
  show: ({ id, name, user }) => (
    <Confirm label="Revoke" about={`${name ?? id} of ${user}`} changes="people" act={() => client.revokeToken({ id })}>
      <p>It is good for nothing from now on, and the sessions under it are cut.</p>
    </Confirm>
  ),
}
