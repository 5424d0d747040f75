import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { queries } from '../../api/queries.ts'
import { PageHeader } from '../../parts/page-header.tsx'
import { Answer } from '../../parts/states.tsx'

const route = getRouteApi('/signed-in/r/$id')

export function RequestPage() {
  const { id } = route.useParams()
  const request = useQuery(queries.request(`req-${id.replace('req-', '')}`))
  return (
    <Answer query={request} what="Request">
      {({ id, status }) => (
        <>
          <PageHeader title={id} />
          <p>{status}</p>
        </>
      )}
    </Answer>
  )
}
