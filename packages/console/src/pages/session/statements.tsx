import { useQuery } from '@tanstack/react-query'
import { Dim } from '../../parts/dim.tsx'
import { duration } from '../../parts/durations.ts'
import { Empty } from '../../parts/states.tsx'
import { Player } from './player.tsx'
import { Cut, firstLines, MOST, Recorded } from './recorded.tsx'
import { type Story, Teller } from './story.ts'

/** A recording as its statements, on the session's own time axis. */
export function Statements({ id }: { readonly id: string }) {
  const recording = useQuery({ queryKey: ['recording', id, 'statements'], queryFn: () => read(id), staleTime: 'static' })
  return (
    <Recorded query={recording}>
      {({ story, isCut }) => (
        <>
          {isCut && <Cut command={`countersign replay ${id}`} />}
          <Told story={story} />
        </>
      )}
    </Recorded>
  )
}

function Told({ story: { begin, steps, end } }: { readonly story: Story }) {
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
      {steps.length === 0 ? <Empty title="Nothing was done in it" /> : <Player from={begin.at} until={Math.max(last, begin.at + 1)} steps={steps} />}
    </>
  )
}

async function read(id: string): Promise<{ readonly story: Story; readonly isCut: boolean }> {
  const { lines, isCut } = await firstLines(id)
  const teller = new Teller(MOST)
  lines.forEach((line, index) => teller.add(index, line))
  return { story: teller.story, isCut }
}
