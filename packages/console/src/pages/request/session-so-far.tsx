import type { Brief } from '@countersign/contract/schemas/request-context'
import type { Session } from '@countersign/contract/schemas/session'
import { lazy, Suspense, useState } from 'react'
import { Facts } from '../../parts/facts.tsx'
import { Section } from '../../parts/section.tsx'
import { Seen } from '../../parts/seen.tsx'
import { Loading } from '../../parts/states.tsx'
import { Ago } from '../../parts/times.tsx'
import { useMe } from '../../shell/me.ts'
import { Briefs, FIRST } from './history.tsx'
import { SessionLink } from './session-link.tsx'

const Watch = lazy(() => import('../session/watch.tsx').then((module) => ({ default: module.Watch })))

/** The session that it is held in, and what else was asked in it. What it did by itself is seen by its own person and by auditors. */
export function SessionSoFar({ session, before }: { readonly session: Session; readonly before: readonly Brief[] }) {
  const me = useMe()
  const [watching, setWatching] = useState(false)
  const isOwn = session.principal.user === me.user
  return (
    <Section title="Session">
      <Facts
        facts={[
          ['session', <SessionLink key="id" id={session.id} mayOpen={isOwn || me.admin || me.auditor} />],
          ['client', session.client],
          ['database', <Seen key="database" text={session.database} />],
          ['began', <Ago key="began" at={session.startedAt} />],
          session.endedAt === null ? null : ['ended', <Ago key="ended" at={session.endedAt} />],
        ]}
      />
      {before.length > 0 && <p>Asked in it before:</p>}
      <Briefs briefs={before.slice(0, FIRST)} />
      {(isOwn || me.auditor) && (session.endedAt === null || watching) && (
        <Suspense fallback={<Loading what="Session" />}>
          <Watch id={session.id} on={watching} onChange={setWatching} />
        </Suspense>
      )}
    </Section>
  )
}
