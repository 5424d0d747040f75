import type { Request } from '@countersign/contract/schemas/request'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { queries } from '../../api/queries.ts'
import { SHOWN_AT_ONCE } from '../../parts/exact-text.tsx'
import { Failed } from '../../parts/states.tsx'
import { Asked } from './asked.tsx'
import { History } from './history.tsx'
import { Impact } from './impact.tsx'
import classes from './request-view.module.css'
import { Review } from './review.tsx'
import { Reviews } from './reviews.tsx'
import { SessionSoFar } from './session-so-far.tsx'
import { Terms } from './terms.tsx'

/** Of a request that is decided: the inbox, which has none, need not fetch it. */
const Outcome = lazy(() => import('./outcome.tsx').then((module) => ({ default: module.Outcome })))

/** Everything that a reviewer needs, and his answer. What was asked comes as it is; everything around it is ours. */
export function RequestView({ request, onReviewed }: { readonly request: Request; readonly onReviewed?: () => void }) {
  const { ask } = request
  const context = useQuery(queries.context(request.id))
  const [whole, setWhole] = useState(ask.kind === 'scope' || ask.text.length <= SHOWN_AT_ONCE)
  return (
    <div className={classes.place}>
      <div className={classes.view}>
        <div className={classes.main}>
          <Asked request={request} whole={whole} onShowWhole={() => setWhole(true)} />
          {ask.kind === 'action' && ask.impact && <Impact impact={ask.impact} />}
        </div>
        <aside className={classes.side} aria-label="Terms and review">
          <Terms request={request} />
          <Review request={request} whole={whole} {...(onReviewed ? { onReviewed } : {})} />
        </aside>
        <div className={classes.rest}>
          <Reviews request={request} />
          {context.isError && !context.data && <Failed error={context.error} onRetry={() => void context.refetch()} />}
          {context.data && request.status !== 'pending' && (
            <Suspense fallback={null}>
              <Outcome request={request} context={context.data} />
            </Suspense>
          )}
          {context.data?.alike && <History alike={context.data.alike} />}
          {context.data?.session && <SessionSoFar session={context.data.session} before={context.data.before} />}
        </div>
      </div>
    </div>
  )
}
