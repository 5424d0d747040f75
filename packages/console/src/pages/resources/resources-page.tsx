import { useQuery } from '@tanstack/react-query'
import { queries } from '../../api/queries.ts'
import { PageHeader } from '../../parts/page-header.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { useMe } from '../../shell/me.ts'
import { OneResource } from './one-resource.tsx'
import classes from './resources.module.css'

/** What the reader can reach, and how. */
export function ResourcesPage() {
  const me = useMe()
  const resources = useQuery(queries.resources)
  const grants = useQuery(queries.grants)
  const mine = grants.data?.filter(({ subject, session }) => subject.id === me.id && session === null) ?? []
  return (
    <>
      <PageHeader title="Resources" />
      <Answer query={resources} what="Resources">
        {(found) =>
          found.length === 0 ? (
            <Empty title="There is nothing that you can reach">
              <p>No policy lets you connect to any resource. Whoever runs this gateway can change that.</p>
            </Empty>
          ) : (
            <ul className={classes.list}>
              {found.map((resource) => (
                <OneResource key={resource.name} resource={resource} grants={mine.filter((grant) => grant.resource === resource.name)} />
              ))}
            </ul>
          )
        }
      </Answer>
    </>
  )
}
