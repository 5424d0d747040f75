import { Button } from '@mantine/core'
import { EyeOpenIcon } from '@radix-ui/react-icons'
import { Dim } from '../../parts/dim.tsx'
import { Section } from '../../parts/section.tsx'
import { Empty, Failed } from '../../parts/states.tsx'
import { Steps } from './steps.tsx'
import { useWatched } from './use-watched.ts'

interface WatchProps {
  readonly id: string
  readonly on: boolean
  readonly onChange: (on: boolean) => void
}

/** What a session does while it does it. That somebody watches is recorded, so it begins when he says so. */
export function Watch({ id, on, onChange }: WatchProps) {
  return (
    <Section
      title="What is done in it"
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
