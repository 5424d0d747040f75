import { ExclamationTriangleIcon } from '@radix-ui/react-icons'
import type { Request } from '@countersign/contract/schemas/request'
import { Link } from '@tanstack/react-router'
import { duration } from '../../parts/durations.ts'
import { Seen } from '../../parts/seen.tsx'
import { Ago, Left } from '../../parts/times.tsx'
import { shortId } from '../request/rules.ts'
import classes from './inbox.module.css'

const LONGEST = 200

interface RowProps {
  readonly request: Request
  readonly chosen: boolean
  /** It is shown beside the list, or on a page of its own. */
  readonly beside: boolean
}

/** One request in two lines: what, and who, why and for how long still. */
export function Row({ request, chosen, beside }: RowProps) {
  const { id, ask, requester, resource, reason, inTransaction, createdAt, expiresAt } = request
  const content = (
    <>
      <span className={classes.what}>
        {ask.kind === 'scope' ? `${ask.scope} for ${duration(ask.durationMs)}` : ask.type === 'connect' ? 'connect' : <Seen text={beginning(ask.text)} />}
      </span>
      <span className={classes.who}>
        {inTransaction && <ExclamationTriangleIcon aria-label="Held inside an open transaction" className={classes.urgent} />}
        <span>{requester.id}</span>
        <span>{resource}</span>
        {ask.kind === 'action' && ask.impact?.rows != null && <span>{ask.impact.rows === 1 ? '1 row' : `${ask.impact.rows} rows`}</span>}
      </span>
      {reason !== null && (
        <span className={classes.why}>
          <Seen text={reason.slice(0, LONGEST)} />
        </span>
      )}
      <span className={classes.when}>
        <Ago at={createdAt} />
        <Left until={expiresAt} />
      </span>
    </>
  )
  return (
    <li>
      {beside ? (
        <Link to="/" search={{ at: id }} replace data-id={id} className={classes.row} aria-current={chosen ? 'true' : undefined}>
          {content}
        </Link>
      ) : (
        <Link to="/r/$id" params={{ id: shortId(id) }} data-id={id} className={classes.row}>
          {content}
        </Link>
      )}
    </li>
  )
}

const beginning = (text: string) => text.trim().replace(/\s+/g, ' ').slice(0, LONGEST)
