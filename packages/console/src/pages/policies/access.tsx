import { Button, TextInput } from '@mantine/core'
import { CheckCircledIcon, CircleBackslashIcon, ClockIcon } from '@radix-ui/react-icons'
import type { AccessPage } from '@countersign/contract/schemas/policy'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { policyQueries } from '../../api/policy-queries.ts'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { Dim } from '../../parts/dim.tsx'
import { FilterForm } from '../../parts/filter-form.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Word } from '../../parts/word.tsx'
import { useMe } from '../../shell/me.ts'
import classes from './policies.module.css'

const route = getRouteApi('/signed-in/policies')
type Row = AccessPage['rows'][number]

/** Every person and resource, and what policy says to each kind of action there. */
export function Access() {
  const { user, resource } = route.useSearch()
  const navigate = route.useNavigate()
  const me = useMe()
  const access = useInfiniteQuery(policyQueries.access({ user, resource }))
  return (
    <>
      <FilterForm
        values={{ user: user ?? '', resource: resource ?? '' }}
        onChange={(wanted) => {
          const said = Object.entries(wanted).filter(([, value]) => value !== '')
          void navigate({ search: { show: 'access', ...Object.fromEntries(said) } })
        }}
      >
        {(me.admin || me.auditor) && <TextInput name="user" label="Person" placeholder="alice" />}
        <TextInput name="resource" label="Resource" placeholder="orders-db" />
      </FilterForm>
      <p className={classes.note}>
        Judged as harmless statements that touch no row. The real one is judged when it comes: a policy may look at its rows, its tables and the time.
      </p>
      <Answer query={access} what="Rights">
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.rows)
          if (rows.length === 0) return <Empty title="There is no such person or resource" />
          return <DataTable label="Who may do what" rows={rows} keyOf={(row) => `${row.user} ${row.resource}`} columns={COLUMNS} />
        }}
      </Answer>
      {access.hasNextPage && (
        <Button variant="default" mt="sm" loading={access.isFetchingNextPage} onClick={() => void access.fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  )
}

const COLUMNS: readonly Column<Row>[] = [
  {
    name: 'Person',
    show: ({ user, groups }) => (
      <>
        {user}
        <Dim as="div" small>
          {groups.join(', ')}
        </Dim>
      </>
    ),
  },
  { name: 'Resource', show: ({ resource }) => resource },
  ...(['connect', 'read', 'write', 'ddl'] as const).map((what) => ({ name: what, show: (row: Row) => <Says row={row} what={what} /> })),
]

const TYPES = { connect: 'connect', read: 'sql:read', write: 'sql:write', ddl: 'sql:ddl' } as const

/** What policy says, and the way to why. */
function Says({ row, what }: { readonly row: Row; readonly what: keyof typeof TYPES }) {
  const says = row[what]
  const [tone, icon] =
    says === 'runs' ? (['good', CheckCircledIcon] as const) : says === 'never' ? (['dim', CircleBackslashIcon] as const) : (['waiting', ClockIcon] as const)
  return (
    <Link to="/policies" search={{ show: 'explain', user: row.user, resource: row.resource, action: TYPES[what] }} className={classes.says}>
      <Word tone={tone} icon={icon}>
        {says}
      </Word>
    </Link>
  )
}
