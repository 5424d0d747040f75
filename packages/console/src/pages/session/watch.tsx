import { Button } from '@mantine/core'
import { EyeOpenIcon } from '@radix-ui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { sessionQueries } from '../../api/session-queries.ts'
import { Dim } from '../../parts/dim.tsx'
import { Section } from '../../parts/section.tsx'
import { Answer, Empty, Failed } from '../../parts/states.tsx'
import { Steps } from './steps.tsx'
import { useWatched } from './use-watched.ts'

interface WatchProps {
  readonly id: string
  readonly on: boolean
  readonly onChange: (on: boolean) => void
}

/** What a session does while it does it, where that is known. */
export function Watch(props: WatchProps) {
  const session = useQuery(sessionQueries.one(props.id))
  return (
    <Answer query={session} what="Session">
      {({ watch }) => {
        switch (watch.at) {
          case 'here':
            return <WatchHere {...props} />
          case 'elsewhere':
            return <WatchElsewhere id={props.id} {...watch} />
          case 'nowhere':
            return <WatchNowhere />
        }
      }}
    </Answer>
  )
}

const TITLE = 'What is done in it'

/** Its gateway's own console has the same page. */
const WatchElsewhere = ({ id, gateway, url }: { readonly id: string; readonly gateway: string; readonly url: string | null }) => (
  <Section title={TITLE} roomy>
    <p>It is at another gateway, and is watched there: {url === null ? <code>{gateway}</code> : <a href={`${url}/sessions/${id}`}>its page at {url}</a>}</p>
    <Dim>Once it is over its recording can be opened here too, if this gateway reaches where it is kept.</Dim>
  </Section>
)

const WatchNowhere = () => (
  <Section title={TITLE} roomy>
    <p>It cannot be watched: this gateway records no sessions.</p>
    <Dim>
      <code>recordings</code> in countersign.yaml says where they are to be kept. Sessions that begin after the gateway&apos;s next start can be watched, and
      replayed when they are over.
    </Dim>
  </Section>
)

/** That somebody watches is recorded, so it begins when he says so. */
function WatchHere({ id, on, onChange }: WatchProps) {
  return (
    <Section
      title={TITLE}
      aside={
        on ? (
          <Button variant="default" size="xs" onClick={() => onChange(false)}>
            Stop watching
          </Button>
        ) : (
          <Button size="xs" leftSection={<EyeOpenIcon />} onClick={() => onChange(true)}>
            Watch it
          </Button>
        )
      }
      roomy
    >
      {on ? <Watching id={id} /> : <Dim>Statements appear as they run. That you watch is an entry in the ledger.</Dim>}
    </Section>
  )
}

function Watching({ id }: { readonly id: string }) {
  const { state, story, error } = useWatched(id)
  const { begin, steps, end } = story
  const first = steps[0]
  if (error) return <Failed error={error} />
  return (
    <>
      <Dim role="status">{end ? `It is over: ${end.reason}.` : WORDS[state]}</Dim>
      {begin && steps.length === 0 && <Empty title="Nothing was done yet" />}
      {begin && steps.length > 0 && <Steps label="Newest first" steps={steps.toReversed()} from={begin.at} />}
      {first && first.index > 1 && <Dim>What came before is in its recording, once it is over.</Dim>}
    </>
  )
}

const WORDS = {
  connecting: 'Connecting …',
  live: 'You are watching. The newest statement is on top.',
  lost: 'No connection; it is tried again by itself.',
} as const
