import type { Session } from '@countersign/contract/schemas/session'
import { Dim } from '../../parts/dim.tsx'
import { Ago } from '../../parts/times.tsx'
import classes from './request-view.module.css'
import { SessionLink } from './session-link.tsx'

/** The connections that its approval let somebody make. */
export const Opened = ({ sessions, mayOpen }: { readonly sessions: readonly Session[]; readonly mayOpen: boolean }) => (
  <>
    <p>{sessions.length === 1 ? 'One session was opened under it:' : `${sessions.length} sessions were opened under it:`}</p>
    <ul className={classes.list} aria-label="Sessions under it">
      {sessions.map(({ id, client, startedAt, endedAt }) => (
        <li key={id} className={classes.ran}>
          <SessionLink id={id} mayOpen={mayOpen} />
          <span>from {client}</span>
          <Dim as="span">
            began <Ago at={startedAt} />
            {endedAt === null ? (
              ', live'
            ) : (
              <>
                , ended <Ago at={endedAt} />
              </>
            )}
          </Dim>
        </li>
      ))}
    </ul>
  </>
)
