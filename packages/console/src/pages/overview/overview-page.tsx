import type { Overview } from '@countersign/contract/schemas/overview'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link, getRouteApi } from '@tanstack/react-router'
import { client } from '../../api/client.ts'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { Dim } from '../../parts/dim.tsx'
import { duration } from '../../parts/durations.ts'
import { PageHeader } from '../../parts/page-header.tsx'
import { Section } from '../../parts/section.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Ago, Left, Moment } from '../../parts/times.tsx'
import { View, Views } from '../../parts/views.tsx'
import { shortId } from '../request/rules.ts'
import { Bars, type Series } from './bars.tsx'
import classes from './overview.module.css'
import { DAYS, DEFAULT_DAYS } from './days.ts'
import { Share } from './share.tsx'

const route = getRouteApi('/signed-in/overview')

/** How it goes, for who runs it: figures that the gateway counts, each chart with its table. */
export function OverviewPage() {
  const { days = DEFAULT_DAYS } = route.useSearch()
  const overview = useQuery({ queryKey: ['overview', days], queryFn: () => client.overview({ days }), placeholderData: keepPreviousData })
  return (
    <>
      <PageHeader title="Overview" />
      <Views label="Of how long">
        {DAYS.map((each) => (
          <View key={each} to="/overview" search={each === DEFAULT_DAYS ? { days: undefined } : { days: each }} shown={each === days}>
            {each} days
          </View>
        ))}
      </Views>
      <Answer query={overview} what="Overview">
        {(figures) => (
          <div className={classes.page}>
            <Requests figures={figures} />
            <Waiting waiting={figures.waiting} />
            <WhatRan figures={figures} />
            <Refused denied={figures.denied} />
            <Standing standing={figures.standing} />
            <Unused unused={figures.unused} since={figures.ran.since} />
          </div>
        )}
      </Answer>
    </>
  )
}

const REQUESTS: readonly Series<Overview['requests'][number]>[] = [
  { name: 'approved', tone: 'good', of: ({ approved }) => approved },
  { name: 'denied', tone: 'bad', of: ({ denied }) => denied },
  { name: 'withdrawn or expired', tone: 'dim', of: ({ withdrawn, expired }) => withdrawn + expired },
  { name: 'pending', tone: 'waiting', of: ({ pending }) => pending },
]

function Requests({ figures: { requests, requestsCut } }: { readonly figures: Overview }) {
  return (
    <Section title="Requests over time" framed roomy>
      <Bars label="Requests a day" rows={requests} nameOf={({ day }) => day.slice(5)} rowName="Day (UTC)" series={REQUESTS} />
      {requestsCut && <Dim>There were more: these are the newest 2,000.</Dim>}
    </Section>
  )
}

/** Below a second nobody waited, whatever the figure. */
const atMost = (ms: number): string => duration(Math.max(ms, 1_000))

function Waiting({ waiting: { count, medianMs, p90Ms, distribution } }: Pick<Overview, 'waiting'>) {
  return (
    <Section title="Waiting for a decision" framed roomy>
      {count === 0 || medianMs === null || p90Ms === null ? (
        <Empty title="Nobody has decided anything yet" />
      ) : (
        <>
          <p>
            Half of {count} waited for <b>{atMost(medianMs)}</b> or less, nine in ten for <b>{atMost(p90Ms)}</b> or less.
          </p>
          <Bars
            label="Requests by how long they waited"
            rows={distribution}
            nameOf={({ upToMs }) => (upToMs === null ? 'longer' : `≤ ${duration(upToMs)}`)}
            rowName="Waited"
            series={[{ name: 'requests', tone: 'accent', of: (row) => row.count }]}
          />
        </>
      )}
    </Section>
  )
}

function WhatRan({ figures: { ran, from } }: { readonly figures: Overview }) {
  const { since, allowed, approved, observed, denied } = ran
  return (
    <Section title="What ran" framed roomy>
      <Share
        label="Statements and connections, by who let them"
        parts={[
          { name: 'by policy alone', tone: 'good', count: allowed },
          { name: 'approved by people', tone: 'accent', count: approved },
          { name: 'observed', tone: 'dim', count: observed },
          { name: 'denied', tone: 'bad', count: denied },
        ]}
      />
      {since > from && (
        <Dim>
          Counted since <Moment at={since} />; before that it was too much to count here.
        </Dim>
      )}
    </Section>
  )
}

const DENIED: readonly Column<Overview['denied'][number]>[] = [
  { name: 'Person', show: ({ person }) => person },
  { name: 'Resource', show: ({ resource }) => resource },
  { name: 'Action', show: ({ action }) => <code>{action}</code> },
  { name: 'Times', numeric: true, show: ({ count }) => count.toLocaleString() },
  { name: 'Last', show: ({ last }) => <Ago at={last} /> },
  { name: 'By', show: ({ policies }) => policies.join(', ') || 'no policy permits it' },
]

function Refused({ denied }: Pick<Overview, 'denied'>) {
  return (
    <Section title="Refused most often" framed roomy>
      {denied.length === 0 ? (
        <Empty title="Nobody was refused" />
      ) : (
        <DataTable label="Refused most often" rows={denied} keyOf={({ person, resource, action }) => `${person} ${resource} ${action}`} columns={DENIED} />
      )}
    </Section>
  )
}

const STANDING: readonly Column<Overview['standing'][number]>[] = [
  { name: 'Person', show: ({ person }) => person },
  { name: 'Resource', show: ({ resource }) => resource },
  { name: 'Covers', show: ({ covers }) => covers },
  { name: 'Since', show: ({ startsAt }) => <Ago at={startsAt} /> },
  { name: 'Ends', show: ({ endsAt }) => <Left until={endsAt} /> },
  {
    name: 'Request',
    show: ({ request }) =>
      request !== null && (
        <Link to="/r/$id" params={{ id: shortId(request) }}>
          {request}
        </Link>
      ),
  },
]

function Standing({ standing }: Pick<Overview, 'standing'>) {
  return (
    <Section title="Live for longest" framed roomy>
      {standing.length === 0 ? (
        <Empty title="No grant is live" />
      ) : (
        <DataTable label="Live for longest" rows={standing} keyOf={({ id }) => id} columns={STANDING} />
      )}
    </Section>
  )
}

const UNUSED: readonly Column<NonNullable<Overview['unused']>['first'][number]>[] = [
  { name: 'Person', show: ({ person }) => person },
  { name: 'Resource', show: ({ resource }) => resource },
  { name: 'Action', show: ({ action }) => <code>{action}</code> },
  { name: 'By', show: ({ policies }) => policies.join(', ') },
]

function Unused({ unused, since }: Pick<Overview, 'unused'> & { readonly since: string }) {
  return (
    <Section title="Allowed, and not used" framed roomy>
      <Dim>
        What policy lets somebody do without a review, and nobody did in his name since <Moment at={since} />.
      </Dim>
      {unused === null && (
        <p>
          There are too many people and resources to ask here: <code>countersign ledger report</code> has it.
        </p>
      )}
      {unused?.count === 0 && <Empty title="Everything that is allowed was used" />}
      {unused && unused.count > 0 && (
        <DataTable
          label="Allowed, and not used"
          rows={unused.first}
          keyOf={({ person, resource, action }) => `${person} ${resource} ${action}`}
          columns={UNUSED}
        />
      )}
      {unused && unused.count > unused.first.length && <Dim>and {unused.count - unused.first.length} more</Dim>}
    </Section>
  )
}
