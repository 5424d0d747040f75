import type { QueryLine } from '@countersign/contract/schemas/query'
import { Dim } from '../../parts/dim.tsx'
import { Seen } from '../../parts/seen.tsx'
import classes from './query.module.css'

/** What the gateway or the server says beside the results. */
export function Notice({ notice: { severity, message, detail, hint } }: { readonly notice: Extract<QueryLine, { kind: 'notice' }> }) {
  return (
    <div className={classes.notice} role="note">
      <span className={classes.severity}>
        <Seen text={severity} />
      </span>
      <div>
        <p>
          <Seen text={message} />
        </p>
        {detail !== null && (
          <Dim>
            <Seen text={detail} />
          </Dim>
        )}
        {hint !== null && (
          <Dim>
            <Seen text={hint} />
          </Dim>
        )}
      </div>
    </div>
  )
}
