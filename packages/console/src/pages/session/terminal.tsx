import { asciicast } from '@countersign/contract/asciicast'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { Answer } from '../../parts/states.tsx'
import { Cut, firstLines, Recorded } from './recorded.tsx'
import type { openTerminal } from './terminal-player.ts'

/** A recording as a terminal would have shown it. The player is fetched with it: it is as large as a page. */
export function Terminal({ id }: { readonly id: string }) {
  const cast = useQuery({ queryKey: ['recording', id, 'terminal'], queryFn: () => read(id), staleTime: 'static' })
  const player = useQuery({ queryKey: ['terminal-player'], queryFn: () => import('./terminal-player.ts'), staleTime: 'static' })
  return (
    <Recorded query={cast}>
      {({ text, isCut }) => (
        <>
          {isCut && <Cut command={`countersign replay ${id} --cast`} />}
          <Answer query={player} what="Player">
            {({ openTerminal: open }) => <Screen cast={text} open={open} />}
          </Answer>
        </>
      )}
    </Recorded>
  )
}

function Screen({ cast, open }: { readonly cast: string; readonly open: typeof openTerminal }) {
  const host = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!host.current) return undefined
    const player = open(host.current, cast)
    return () => player.dispose()
  }, [cast, open])
  return <div ref={host} role="group" aria-label="Terminal" />
}

async function read(id: string): Promise<{ readonly text: string; readonly isCut: boolean }> {
  const { lines, isCut } = await firstLines(id)
  const cast: string[] = []
  for await (const line of asciicast(id, lines)) cast.push(line)
  return { text: cast.join('\n'), isCut }
}
