import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { queries } from '../../api/queries.ts'
import { PageHeader } from '../../parts/page-header.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Status } from '../../parts/status.tsx'
import { RequestView } from './request-view.tsx'
import { fullId } from './rules.ts'

const route = getRouteApi('/signed-in/r/$id')

/** One request, at the link that its requester was given. */
export function RequestPage() {
  const id = fullId(route.useParams().id)
  return /^req-[a-z0-9]{1,40}$/.test(id) ? <KnownRequest id={id} key={id} /> : <NoSuchRequest />
}

function KnownRequest({ id }: { readonly id: string }) {
  const request = useQuery(queries.request(id))
  return (
    <>
      <PageHeader title={id}>{request.data && <Status status={request.data.status} />}</PageHeader>
      <Answer query={request} what="Request">
        {(found) => <RequestView request={found} />}
      </Answer>
    </>
  )
}

const NoSuchRequest = () => (
  <>
    <PageHeader title="No such request" />
    <Empty title="This is no request's link">
      <p>
        A request is named like <code>req-7kq2</code>.
      </p>
    </Empty>
  </>
)
