import { ClientError } from '@countersign/contract/client-error'
import { useEffect, useState } from 'react'
import { client } from '../../api/client.ts'
import { NOTHING, type Story, Teller } from './story.ts'

/** As many statements as are kept in sight. */
const MOST = 1_000
const PAUSE_MS = 2_000
/** Lines that come together are one drawing of the page. */
const DRAW_MS = 100

export interface Watched {
  readonly state: 'connecting' | 'live' | 'lost'
  readonly story: Story
  /** Why it cannot be watched at all. */
  readonly error: Error | null
}

/** Reads what a session does, while the component is there. A connection that breaks is opened again, and begins again with the last of what was done. */
export function useWatched(id: string): Watched {
  const [watched, setWatched] = useState<Watched>({ state: 'connecting', story: NOTHING, error: null })
  useEffect(() => {
    const stop = new AbortController()
    void follow(id, stop.signal, (change) => setWatched((before) => ({ ...before, ...change })))
    return () => stop.abort()
  }, [id])
  return watched
}

async function follow(id: string, signal: AbortSignal, tell: (change: Partial<Watched>) => void): Promise<void> {
  while (!signal.aborted) {
    const teller = new Teller(MOST)
    let timer: ReturnType<typeof setTimeout> | undefined
    const draw = () => {
      timer = undefined
      if (!signal.aborted) tell({ state: 'live', story: teller.story })
    }
    try {
      for await (const { index, line } of client.watch({ id, signal })) {
        teller.add(index, line)
        timer ??= setTimeout(draw, DRAW_MS)
      }
    } catch (error) {
      if (error instanceof ClientError && (error.status ?? 500) < 500) return tell({ error })
    }
    clearTimeout(timer)
    if (signal.aborted) return
    if (teller.size > 0 || teller.story.end) draw()
    if (teller.story.end) return
    tell({ state: 'lost' })
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}
