import type { Brief, RequestContext } from '@countersign/contract/schemas/request-context'
import { Dim } from '../../parts/dim.tsx'
import { Status } from '../../parts/status.tsx'
import { Ago } from '../../parts/times.tsx'
import { Link } from '@tanstack/react-router'
import { Section } from '../../parts/section.tsx'
import classes from './request-view.module.css'
import { shortId } from './rules.ts'

/** As many of others are shown. */
export const FIRST = 5

/** What became of requests like this one: the same statement with other values, on the same resource. */
export function History({ alike }: { readonly alike: NonNullable<RequestContext['alike']> }) {
  const { approved, denied, withdrawn, expired, latest } = alike
  const decided = approved + denied
  return (
    <Section title="Like it">
      <p>
        {decided === 0 ? 'Nobody has reviewed the like of it here yet.' : `Approved ${approved} of ${decided}.`}
        {withdrawn + expired > 0 && ` ${withdrawn + expired} more ended without an answer.`}
      </p>
      <Briefs briefs={latest.slice(0, FIRST)} />
    </Section>
  )
}

export const Briefs = ({ briefs }: { readonly briefs: readonly Brief[] }) => (
  <ul className={classes.list}>
    {briefs.map(({ id, status, requester, display, createdAt }) => (
      <li key={id} className={classes.brief}>
        <Status status={status} />
        <Link to="/r/$id" params={{ id: shortId(id) }}>
          <code>{display}</code>
        </Link>
        <Dim as="span">
          {requester.id}, <Ago at={createdAt} />
        </Dim>
      </li>
    ))}
  </ul>
)
