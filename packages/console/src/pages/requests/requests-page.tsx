import { NativeSelect } from '@mantine/core'
import { type Request, RequestStatus } from '@countersign/contract/schemas/request'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { queries } from '../../api/queries.ts'
import { Dim } from '../../parts/dim.tsx'
import { duration } from '../../parts/durations.ts'
import { PageHeader } from '../../parts/page-header.tsx'
import { Rows } from '../../parts/rows.tsx'
import { Sections } from '../../parts/section.tsx'
import { Seen } from '../../parts/seen.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Status } from '../../parts/status.tsx'
import { Ago } from '../../parts/times.tsx'
import { useMe } from '../../shell/me.ts'
import { shortId } from '../request/rules.ts'
import classes from './requests.module.css'

const route = getRouteApi('/signed-in/requests')
const LONGEST = 300

/** Every request that the reader may see: his own, and those of others that he may review. */
export function RequestsPage() {
  const me = useMe()
  const { status, of } = route.useSearch()
  const navigate = route.useNavigate()
  const requests = useQuery(queries.requests(status))
  return (
    <>
      <PageHeader title="Requests">
        <NativeSelect
          aria-label="Whose"
          value={of ?? ''}
          data={[
            { value: '', label: 'Everybody’s' },
            { value: 'me', label: 'Mine' },
          ]}
          onChange={(event) =>
            void navigate({ search: { ...(status ? { status } : {}), ...(event.currentTarget.value === 'me' ? { of: 'me' as const } : {}) } })
          }
        />
        <NativeSelect
          aria-label="In which state"
          value={status ?? ''}
          data={[{ value: '', label: 'in any state' }, ...RequestStatus.options]}
          onChange={(event) => {
            const chosen = RequestStatus.safeParse(event.currentTarget.value)
            void navigate({ search: { ...(of ? { of } : {}), ...(chosen.success ? { status: chosen.data } : {}) } })
          }}
        />
      </PageHeader>
      <Answer query={requests} what="Requests">
        {(found) => <List requests={of === 'me' ? found.filter(({ requester }) => requester.user === me.user) : found} />}
      </Answer>
    </>
  )
}

function List({ requests }: { readonly requests: readonly Request[] }) {
  if (requests.length === 0) return <Empty title="There is no such request" />
  return (
    <Sections underHeader>
      <Rows>
        {requests.map(({ id, status, ask, requester, resource, createdAt }) => (
          <li key={id}>
            <Link to="/r/$id" params={{ id: shortId(id) }} className={classes.row}>
              <Status status={status} />
              <code className={classes.what}>
                {ask.kind === 'scope' ? (
                  `${ask.scope} for ${duration(ask.durationMs)}`
                ) : ask.type === 'connect' ? (
                  'connect'
                ) : (
                  <Seen text={ask.text.slice(0, LONGEST).replace(/\s+/g, ' ')} />
                )}
              </code>
              <Dim as="span" small>
                {requester.id}, {resource}
              </Dim>
              <Dim as="span" small>
                <Ago at={createdAt} />
              </Dim>
            </Link>
          </li>
        ))}
      </Rows>
    </Sections>
  )
}
