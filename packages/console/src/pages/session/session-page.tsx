import { CircleIcon, DotFilledIcon } from '@radix-ui/react-icons'
import type { Session } from '@countersign/contract/schemas/session'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { sessionQueries } from '../../api/session-queries.ts'
import { Facts } from '../../parts/facts.tsx'
import { PageHeader } from '../../parts/page-header.tsx'
import { Section, Sections } from '../../parts/section.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Left, Moment } from '../../parts/times.tsx'
import { Word } from '../../parts/word.tsx'
import { useMe } from '../../shell/me.ts'
import { Kill } from './kill.tsx'
import { Replay } from './replay.tsx'
import { Watch } from './watch.tsx'

const route = getRouteApi('/signed-in/sessions/$id')
const terminalRoute = getRouteApi('/signed-in/sessions/$id/terminal')

/** One session: who is, or was, connected to what; what is done in it as it is done, and afterwards as it was. */
export const SessionPage = () => <OneSession id={route.useParams().id} replayed="statements" />

export const TerminalPage = () => <OneSession id={terminalRoute.useParams().id} replayed="terminal" />

interface OneSessionProps {
  readonly id: string
  /** How it is shown afterwards. */
  readonly replayed: 'statements' | 'terminal'
}

function OneSession({ id, replayed }: OneSessionProps) {
  const session = useQuery(sessionQueries.one(id))
  return (
    <>
      <PageHeader title={id}>{session.data && <Life session={session.data} />}</PageHeader>
      <Answer query={session} what="Session">
        {(found) => <Shown session={found} replayed={replayed} key={found.id} />}
      </Answer>
    </>
  )
}

function Life({ session: { id, endedAt, principal } }: { readonly session: Session }) {
  const me = useMe()
  if (endedAt !== null)
    return (
      <Word tone="dim" icon={CircleIcon}>
        over
      </Word>
    )
  return (
    <>
      <Word tone="good" icon={DotFilledIcon}>
        live
      </Word>
      {(me.admin || principal.user === me.user) && <Kill id={id} />}
    </>
  )
}

function Shown({ session, replayed }: Pick<OneSessionProps, 'replayed'> & { readonly session: Session }) {
  const { principal, resource, database, client, gateway, grant, startedAt, endsAt, cut, endedAt, endReason } = session
  const me = useMe()
  // Who watches to the end sees the end, although there is a recording by then.
  const [watching, setWatching] = useState(false)
  const isSeen = me.auditor || principal.user === me.user
  return (
    <Sections underHeader>
      <Section as="div" framed>
        <Facts
          facts={[
            ['person', principal.id],
            ['resource', resource],
            ['database', database],
            ['from', <code key="client">{client}</code>],
            ['gateway', <code key="gateway">{gateway}</code>],
            grant === null ? null : ['grant', <code key="grant">{grant}</code>],
            ['began', <Moment key="began" at={startedAt} />],
            endedAt === null ? ['ends', <Left key="ends" until={endsAt} />] : ['ended', <Moment key="ended" at={endedAt} />],
            endReason === null ? null : ['because', endReason],
            cut !== null && endedAt === null ? ['is cut', cut.reason] : null,
          ]}
        />
      </Section>
      {!isSeen && (
        <Empty title="What is done in it is seen by its own person and by auditors">
          <p>That it is there, and that it can be ended, is all that an administrator sees.</p>
        </Empty>
      )}
      {isSeen && (endedAt === null || watching) && <Watch id={session.id} on={watching} onChange={setWatching} />}
      {isSeen && endedAt !== null && <Replay id={session.id} as={replayed} />}
    </Sections>
  )
}
