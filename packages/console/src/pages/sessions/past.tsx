import { Button, TextInput } from '@mantine/core'
import type { Session } from '@countersign/contract/schemas/session'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { sessionQueries } from '../../api/session-queries.ts'
import { DataTable } from '../../parts/data-table.tsx'
import { duration } from '../../parts/durations.ts'
import { FilterForm } from '../../parts/filter-form.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Moment } from '../../parts/times.tsx'
import { useMe } from '../../shell/me.ts'
import { COMMON } from './columns.tsx'

const route = getRouteApi('/signed-in/sessions')

/** All that there were, newest first, page by page; the live ones are among them. */
export function Past() {
  const { user } = route.useSearch()
  const navigate = route.useNavigate()
  const me = useMe()
  const sessions = useInfiniteQuery(sessionQueries.past(user))
  return (
    <>
      {(me.admin || me.auditor) && (
        <FilterForm
          values={{ user: user ?? '' }}
          onChange={({ user: wanted }) => void navigate({ search: { show: 'past', ...(wanted ? { user: wanted } : {}) } })}
        >
          <TextInput name="user" label="Person" placeholder="alice@example.com" />
        </FilterForm>
      )}
      <Answer query={sessions} what="Sessions">
        {({ pages }) => {
          const found = pages.flat()
          if (found.length === 0) return <Empty title={user === undefined ? 'There was no session yet' : `${user} had no session`} />
          return <DataTable label="Sessions" rows={found} keyOf={({ id }) => id} columns={COLUMNS} />
        }}
      </Answer>
      {sessions.hasNextPage && (
        <Button variant="default" mt="sm" loading={sessions.isFetchingNextPage} onClick={() => void sessions.fetchNextPage()}>
          Show older ones
        </Button>
      )}
    </>
  )
}

const COLUMNS = [
  ...COMMON,
  { name: 'Began', show: ({ startedAt }: Session) => <Moment at={startedAt} /> },
  { name: 'Lasted', show: ({ startedAt, endedAt }: Session) => (endedAt === null ? 'is live' : duration(Date.parse(endedAt) - Date.parse(startedAt))) },
  { name: 'Ended by', show: ({ endReason }: Session) => endReason ?? '' },
]
