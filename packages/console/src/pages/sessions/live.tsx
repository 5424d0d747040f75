import { useQuery } from '@tanstack/react-query'
import { queries } from '../../api/queries.ts'
import { DataTable } from '../../parts/data-table.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Ago, Left } from '../../parts/times.tsx'
import { COMMON } from './columns.tsx'

/** Kept true by the stream of changes. */
export function Live() {
  const sessions = useQuery(queries.sessions)
  return (
    <Answer query={sessions} what="Sessions">
      {(live) =>
        live.length === 0 ? (
          <Empty title="Nobody is connected">
            <p>A session appears here when somebody connects.</p>
          </Empty>
        ) : (
          <DataTable
            label="Live sessions"
            rows={live}
            keyOf={({ id }) => id}
            columns={[
              ...COMMON,
              { name: 'Began', show: ({ startedAt }) => <Ago at={startedAt} /> },
              { name: 'Ends', show: ({ cut, endsAt }) => (cut ? 'is being cut' : <Left until={endsAt} />) },
            ]}
          />
        )
      }
    </Answer>
  )
}
