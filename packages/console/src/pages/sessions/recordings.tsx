import { Button, TextInput } from '@mantine/core'
import type { Recording } from '@countersign/contract/schemas/recording'
import { ClientError } from '@countersign/contract/client-error'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { sessionQueries } from '../../api/session-queries.ts'
import { DataTable } from '../../parts/data-table.tsx'
import { Dim } from '../../parts/dim.tsx'
import { duration } from '../../parts/durations.ts'
import { FilterForm } from '../../parts/filter-form.tsx'
import { localOf, momentOf } from '../../parts/local-time.ts'
import { Seen } from '../../parts/seen.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Moment } from '../../parts/times.tsx'
import { SessionLink } from './columns.tsx'
import classes from './sessions.module.css'

const route = getRouteApi('/signed-in/sessions')

/** Recordings by whose they are, and by what was done in them. Looking into them is an entry in the ledger, so nothing is looked for before it is asked for. */
export function Recordings() {
  const { show: _, user: __, ...filter } = route.useSearch()
  const navigate = route.useNavigate()
  const recordings = useInfiniteQuery(sessionQueries.recordings(filter))
  const isAbsent = recordings.error instanceof ClientError && recordings.error.status === 404
  if (isAbsent)
    return (
      <Empty title="This gateway records no sessions">
        <p>
          <code>recordings</code> in countersign.yaml says where they are to be kept.
        </p>
      </Empty>
    )
  const { text = '', object = '', principal = '', resource = '', from, until } = filter
  return (
    <>
      <FilterForm
        values={{ text, object, principal, resource, from: localOf(from), until: localOf(until) }}
        onChange={(wanted) => {
          const said = Object.entries({ ...wanted, from: momentOf(wanted.from), until: momentOf(wanted.until) }).filter(([, value]) => value !== '')
          void navigate({ search: { show: 'recordings', ...Object.fromEntries(said) } })
        }}
      >
        <TextInput name="text" label="In a statement" placeholder="delete from" />
        <TextInput name="object" label="Table" placeholder="orders" />
        <TextInput name="principal" label="Person" placeholder="alice@example.com" />
        <TextInput name="resource" label="Resource" placeholder="orders-db" />
        <TextInput name="from" label="From" type="datetime-local" />
        <TextInput name="until" label="Until" type="datetime-local" />
      </FilterForm>
      <Answer query={recordings} what="Recordings">
        {({ pages }) => {
          const found = pages.flatMap((page) => page.recordings)
          if (found.length === 0 && recordings.hasNextPage) return <Empty title="Nothing found so far" />
          if (found.length === 0) return <Empty title="There is no such recording" />
          return <DataTable label="Recordings" rows={found} keyOf={({ session }) => session} columns={COLUMNS} />
        }}
      </Answer>
      {recordings.hasNextPage && (
        <Button variant="default" mt="sm" loading={recordings.isFetchingNextPage} onClick={() => void recordings.fetchNextPage()}>
          Look further back
        </Button>
      )}
    </>
  )
}

const COLUMNS = [
  { name: 'Session', show: ({ session }: Recording) => <SessionLink id={session} /> },
  { name: 'Person', show: ({ principal }: Recording) => principal },
  { name: 'Resource', show: ({ resource }: Recording) => resource },
  { name: 'Began', show: ({ startedAt }: Recording) => <Moment at={startedAt} /> },
  { name: 'Lasted', show: ({ startedAt, endedAt }: Recording) => duration(Date.parse(endedAt) - Date.parse(startedAt)) },
  { name: 'Statements', numeric: true as const, show: ({ statements, failed }: Recording) => `${statements}${failed > 0 ? ` (${failed} failed)` : ''}` },
  { name: 'What is found', show: (recording: Recording) => <Found recording={recording} /> },
]

function Found({ recording: { matches, broken, deleted } }: { readonly recording: Recording }) {
  if (deleted) return <Dim as="span">deleted ({deleted.why})</Dim>
  if (broken !== null) return <span className={classes.bad}>{broken}</span>
  if (matches === null) return null
  return (
    <ul className={classes.matches}>
      {matches.first.map(({ at, text }, index) => (
        <li key={`${at} ${index}`}>
          <code>
            <Seen text={text} />
          </code>
        </li>
      ))}
      {matches.count > matches.first.length && <Dim as="li">and {matches.count - matches.first.length} more</Dim>}
    </ul>
  )
}
