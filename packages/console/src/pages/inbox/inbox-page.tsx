import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { queries } from '../../api/queries.ts'
import { PageHeader } from '../../parts/page-header.tsx'
import { Answer, Empty } from '../../parts/states.tsx'

/** What waits for whoever is signed in. */
export function InboxPage() {
  const inbox = useQuery(queries.inbox)
  return (
    <>
      <PageHeader title="Inbox" />
      <Answer query={inbox} what="Requests">
        {(requests) =>
          requests.length === 0 ? (
            <Empty title="Nothing waits for you" />
          ) : (
            <ul>
              {requests.map(({ id, resource, requester }) => (
                <li key={id}>
                  <Link to="/r/$id" params={{ id: id.replace('req-', '') }}>
                    {id}
                  </Link>{' '}
                  {requester.id} on {resource}
                </li>
              ))}
            </ul>
          )
        }
      </Answer>
    </>
  )
}
