import type { Given, Request } from '@countersign/contract/schemas/request'
import { Dim } from '../../parts/dim.tsx'
import { duration } from '../../parts/durations.ts'
import { Section } from '../../parts/section.tsx'
import { Seen } from '../../parts/seen.tsx'
import { Status } from '../../parts/status.tsx'
import { Ago } from '../../parts/times.tsx'
import classes from './request-view.module.css'

/** Who has answered so far, what, and with what words. */
export function Reviews({ request: { reviews } }: { readonly request: Request }) {
  if (reviews.length === 0) return null
  return (
    <Section title="Reviews">
      <ul className={classes.list}>
        {reviews.map(({ reviewer, verdict, comment, given, unproven, lapsed, at }) => (
          <Section as="li" key={`${reviewer.id} ${at}`}>
            <span>
              <Status status={verdict === 'approve' ? 'approved' : 'denied'} /> by {reviewer.id}
              {lapsed && ' (does not count: he was disabled, or left the group, before there were enough)'}
              {unproven && ' (unproven: with a token that the local administrator made)'}
              {given && `, ${inWords(given)}`}{' '}
              <Dim as="span">
                <Ago at={at} />
              </Dim>
            </span>
            {comment !== null && (
              <p className={classes.quote}>
                <Seen text={comment} />
              </p>
            )}
          </Section>
        ))}
      </ul>
    </Section>
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
