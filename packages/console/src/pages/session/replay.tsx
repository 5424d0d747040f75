import { Button } from '@mantine/core'
import { ClientError } from '@countersign/contract/client-error'
import { PlayIcon } from '@radix-ui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../../api/client.ts'
import { Dim } from '../../parts/dim.tsx'
import { duration } from '../../parts/durations.ts'
import { Section } from '../../parts/section.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Player } from './player.tsx'
import { type Story, Teller } from './story.ts'

/** What a browser is asked to hold. Longer ones are for `countersign replay`. */
const MOST = 20_000

interface Read {
  readonly story: Story
  /** There was more than a browser is asked to hold. */
  readonly isCut: boolean
}

/** A session that is over, played as it was. Reading a recording is an entry in the ledger, so it begins when somebody says so. */
export function Replay({ id }: { readonly id: string }) {
  const [on, setOn] = useState(false)
  const recording = useQuery({ queryKey: ['recording', id], queryFn: () => read(id), enabled: on, staleTime: Infinity })
  const isAbsent = recording.error instanceof ClientError && recording.error.status === 404
  return (
    <Section
      title="Recording"
      aside={
        !on && (
          <Button size="xs" leftSection={<PlayIcon />} onClick={() => setOn(true)}>
            Open it
          </Button>
        )
      }
      roomy
    >
      {!on && <Dim>What was done in it, as it was done. That you read it is an entry in the ledger.</Dim>}
      {on && isAbsent && <Empty title="There is no recording of it">{recording.error && <p>{recording.error.message}</p>}</Empty>}
      {on && !isAbsent && (
        <Answer query={recording} what="Recording">
          {({ story, isCut }) => <Recorded id={id} story={story} isCut={isCut} />}
        </Answer>
      )}
    </Section>
  )
}

function Recorded({ id, story, isCut }: Read & { readonly id: string }) {
  const { begin, steps, end } = story
  if (!begin) return <Empty title="The recording says nothing" />
  const last = end?.at ?? steps.at(-1)?.at ?? begin.at
  return (
    <>
      {begin.reason !== null && <p>Reason: {begin.reason}</p>}
      {end && (
        <Dim>
          {end.statements} statements in {duration(last - begin.at)}, {end.failed} failed, {end.rows} rows, {end.answered} bytes. Ended: {end.reason}.
        </Dim>
      )}
      {isCut && (
        <p role="status">
          These are its first {MOST} statements; <code>countersign replay {id}</code> has all of them.
        </p>
      )}
      {steps.length === 0 ? <Empty title="Nothing was done in it" /> : <Player from={begin.at} until={Math.max(last, begin.at + 1)} steps={steps} />}
    </>
  )
}

async function read(id: string): Promise<Read> {
  const teller = new Teller(MOST)
  let index = 0
  for await (const line of client.recording({ session: id })) {
    if (teller.size === MOST && (line.line === 'started' || line.line === 'decided')) return { story: teller.story, isCut: true }
    teller.add(index++, line)
  }
  return { story: teller.story, isCut: false }
}
