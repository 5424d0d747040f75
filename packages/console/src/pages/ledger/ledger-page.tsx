import { Button, TextInput } from '@mantine/core'
import type { FoundEvent } from '@countersign/contract/schemas/ledger'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, getRouteApi } from '@tanstack/react-router'
import { ledgerQueries } from '../../api/ledger-queries.ts'
import { DataTable } from '../../parts/data-table.tsx'
import { Dim } from '../../parts/dim.tsx'
import { FilterForm } from '../../parts/filter-form.tsx'
import { localOf, momentOf } from '../../parts/local-time.ts'
import { PageHeader } from '../../parts/page-header.tsx'
import { Sections } from '../../parts/section.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Moment } from '../../parts/times.tsx'
import { Export } from './export.tsx'
import classes from './ledger.module.css'
import { State } from './state.tsx'
import { What } from './what.tsx'

const route = getRouteApi('/signed-in/ledger')

/** What happened, newest first, and whether the record of it is sound. */
export function LedgerPage() {
  const filter = route.useSearch()
  const navigate = route.useNavigate()
  const search = useInfiniteQuery(ledgerQueries.search(filter))
  const { type = '', person = '', resource = '', request = '', session = '', from, until } = filter
  const last = search.data?.pages.at(-1)
  return (
    <>
      <PageHeader title="Ledger">
        <Export from={from} until={until} />
      </PageHeader>
      <Sections underHeader>
        <State />
        <FilterForm
          values={{ type, person, resource, request, session, from: localOf(from), until: localOf(until) }}
          onChange={(wanted) => {
            const said = Object.entries({ ...wanted, from: momentOf(wanted.from), until: momentOf(wanted.until) }).filter(([, value]) => value !== '')
            void navigate({ search: Object.fromEntries(said) })
          }}
        >
          <TextInput name="type" label="Event" placeholder="request.approved" list="event-types" autoComplete="off" />
          <TextInput name="person" label="Person" placeholder="alice@example.com" />
          <TextInput name="resource" label="Resource" placeholder="orders-db" />
          <TextInput name="request" label="Request" placeholder="req-7kq2" />
          <TextInput name="session" label="Session" placeholder="ses-9h3t" />
          <TextInput name="from" label="From" type="datetime-local" />
          <TextInput name="until" label="Until" type="datetime-local" />
        </FilterForm>
        <datalist id="event-types">
          {TYPES.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
        <Answer query={search} what="Entries">
          {({ pages }) => {
            const found = pages.flatMap(({ events }) => events)
            if (found.length === 0) return <Empty title={search.hasNextPage ? 'Nothing found so far' : 'There is no such entry'} />
            return <DataTable label="Events" rows={found} keyOf={({ index, event }) => `${index} ${event}`} columns={COLUMNS} />
          }}
        </Answer>
        {search.hasNextPage && (
          <div className={classes.further}>
            <Button variant="default" loading={search.isFetchingNextPage} onClick={() => void search.fetchNextPage()}>
              Look further back
            </Button>
            {last?.reached && (
              <Dim as="span">
                Looked back to <Moment at={last.reached} />.
              </Dim>
            )}
          </div>
        )}
      </Sections>
    </>
  )
}

const COLUMNS = [
  {
    name: 'Entry',
    show: ({ index }: FoundEvent) => (
      <Link to="/ledger/$index" params={{ index: String(index) }}>
        <code>{index}</code>
      </Link>
    ),
  },
  { name: 'When', show: ({ at }: FoundEvent) => <Moment at={at} />, unbroken: true as const },
  { name: 'Event', show: ({ type }: FoundEvent) => <code>{type}</code>, unbroken: true as const },
  { name: 'Person', show: ({ person }: FoundEvent) => person ?? '', unbroken: true as const },
  { name: 'Resource', show: ({ resource }: FoundEvent) => resource ?? '', unbroken: true as const },
  { name: 'What', show: (event: FoundEvent) => <What event={event} />, rest: true as const },
]

/** What people look for; any other type may be typed, and the part before the dot finds all of its kind. */
const TYPES = [
  'request',
  'request.opened',
  'request.reviewed',
  'request.approved',
  'request.denied',
  'request.withdrawn',
  'request.expired',
  'grant',
  'grant.issued',
  'grant.ended',
  'session',
  'session.started',
  'session.refused',
  'session.killed',
  'session.watched',
  'session.ended',
  'action.decided',
  'action.started',
  'action.finished',
  'policy.loaded',
  'policy.rejected',
  'token.created',
  'token.revoked',
  'recording.read',
  'recording.searched',
  'gateway.started',
]
