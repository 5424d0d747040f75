import type { Change } from '@countersign/contract/schemas/change'
import { client, isSignedOut } from './client.ts'

/** `live`: what is shown is kept true. `lost`: it may be old; it is tried again by itself. */
export type Liveness = 'connecting' | 'live' | 'lost'

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000

export interface Reader {
  /** A `resync` comes first each time the stream is opened: what happened before is not in it. */
  change(change: Change): void
  state(state: Liveness): void
}

/** Reads the gateway's changes until `signal` aborts or nobody is signed in any more. A stream that breaks (the gateway restarts) is opened again. */
export async function readChanges(reader: Reader, signal: AbortSignal): Promise<void> {
  let pause = FIRST_PAUSE_MS
  const opened = () => {
    pause = FIRST_PAUSE_MS
    reader.state('live')
    reader.change({ kind: 'resync' })
  }
  while (!signal.aborted) {
    try {
      for await (const change of client.events({ signal, onOpen: opened })) reader.change(change)
    } catch (error) {
      if (isSignedOut(error)) return reader.change({ kind: 'resync' })
    }
    if (signal.aborted) return
    reader.state('lost')
    // Not all at once when a gateway comes back that many consoles wait for.
    await waited(pause * (0.5 + Math.random() / 2), signal)
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
  }
}

function waited(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
