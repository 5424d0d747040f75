import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { queries } from '../../api/queries.ts'
import { Dim } from '../../parts/dim.tsx'
import { Facts } from '../../parts/facts.tsx'
import { Seen } from '../../parts/seen.tsx'
import { Answer } from '../../parts/states.tsx'
import { Status } from '../../parts/status.tsx'
import { Left } from '../../parts/times.tsx'
import { shortId } from '../request/rules.ts'
import { Withdraw } from '../request/withdraw.tsx'
import classes from './query.module.css'

interface HeldRequestProps {
  readonly id: string
  /** Something still waits for it here; otherwise the same has to be run again. */
  readonly waits: boolean
}

/** A request of a statement of this page, as it is now. */
export function HeldRequest({ id, waits }: HeldRequestProps) {
  const request = useQuery(queries.request(id))
  return (
    <section className={classes.held} aria-label={`Request ${id}`}>
      <Answer query={request} what={id}>
        {(found) => {
          const { status, needs, expiresAt, reviews } = found
          const pending = status === 'pending'
          const last = reviews.at(-1)
          return (
            <>
              <div className={classes.head}>
                {/* Going there in this tab would end what waits here. */}
                <Link to="/r/$id" params={{ id: shortId(id) }} target="_blank">
                  {id}
                </Link>
                <Status status={status} />
              </div>
              <Facts
                facts={[
                  pending ? ['needs', needs.missing ?? needs.text] : null,
                  pending ? ['expires', <Left key="left" until={expiresAt} />] : null,
                  last ? ['by', last.reviewer.id] : null,
                  last?.comment ? ['comment', <Seen key="comment" text={last.comment} />] : null,
                ]}
              />
              {pending && !waits && <Dim>Nothing waits for it here any more. Once it is approved, run the same again.</Dim>}
              {pending && <Withdraw request={found} />}
            </>
          )
        }}
      </Answer>
    </section>
  )
}
