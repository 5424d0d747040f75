import { CheckCircledIcon, CrossCircledIcon } from '@radix-ui/react-icons'
import type { Given, Request } from '@countersign/contract/schemas/request'
import { duration } from '../../parts/durations.ts'
import { Seen } from '../../parts/seen.tsx'
import { Ago } from '../../parts/times.tsx'
import statusClasses from '../../parts/status.module.css'
import classes from './request-view.module.css'

/** Who has answered so far, what, and with what words. */
export function Reviews({ request: { reviews } }: { readonly request: Request }) {
  if (reviews.length === 0) return null
  return (
    <section className={classes.section} aria-label="Reviews">
      <h2>Reviews</h2>
      <ul className={classes.list}>
        {reviews.map(({ reviewer, verdict, comment, given, unproven, at }) => (
          <li key={reviewer.id} className={classes.section}>
            <span>
              <span className={statusClasses.status} data-tone={verdict === 'approve' ? 'good' : 'bad'}>
                {verdict === 'approve' ? <CheckCircledIcon /> : <CrossCircledIcon />}
                {verdict === 'approve' ? 'approved' : 'denied'}
              </span>{' '}
              by {reviewer.id}
              {unproven && ' (unproven: with a token that the local administrator made)'}
              {given && `, ${inWords(given)}`}{' '}
              <span className={classes.dim}>
                <Ago at={at} />
              </span>
            </span>
            {comment !== null && (
              <p className={classes.quote}>
                <Seen text={comment} />
              </p>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

function inWords(given: Given): string {
  switch (given.kind) {
    case 'once':
      return 'once'
    case 'duration':
      return `for ${duration(given.durationMs)}`
    case 'shape':
      return [
        'this statement with other values',
        given.maxRows === null ? '' : `${given.maxRows} rows at most`,
        given.uses === null ? '' : `${given.uses} ${given.uses === 1 ? 'use' : 'uses'}`,
        given.durationMs === null ? '' : `for ${duration(given.durationMs)}`,
      ]
        .filter(Boolean)
        .join(', ')
  }
}
