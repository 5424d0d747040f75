import type { Change } from '@countersign/contract/schemas/change'
import { type Liveness, type Reader, readChanges } from './stream.ts'

const NAME = 'countersign-live'

/** What one tab tells the others. `hello`: which state are we in? */
type Word = { readonly state: Liveness } | { readonly change: Change } | { readonly hello: true }

/**
 * One stream of changes for all tabs of this browser: browsers open few connections to one host, and tabs that kept one each would soon have none left for
 * anything else. The tab that has the lock reads the stream and tells the others; when it closes, another one gets the lock.
 */
export function followChanges(reader: Reader, signal: AbortSignal): void {
  const channel = new BroadcastChannel(NAME)
  let state: Liveness = 'connecting'
  let reading = false
  const say = (word: Word) => channel.postMessage(word)
  const enter = (next: Liveness) => {
    state = next
    reader.state(next)
  }

  channel.addEventListener('message', ({ data }: MessageEvent<Word>) => {
    if ('change' in data) reader.change(data.change)
    else if ('state' in data) enter(data.state)
    else if (reading) say({ state })
  })
  say({ hello: true })

  const told: Reader = {
    change: (change) => {
      reader.change(change)
      say({ change })
    },
    state: (next) => {
      enter(next)
      say({ state: next })
    },
  }
  holdingLock(signal, async () => {
    reading = true
    await readChanges(told, signal)
    reading = false
  })
  signal.addEventListener('abort', () => channel.close())
}

/** Locks are there only where the page came over TLS or from this machine; elsewhere each tab has a stream of its own. */
function holdingLock(signal: AbortSignal, work: () => Promise<void>): void {
  const done = 'locks' in navigator ? navigator.locks.request(NAME, { signal }, work) : work()
  done.catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}
