import type { QueryAsk } from '@countersign/contract/schemas/query'
import { useEffect, useRef, useState } from 'react'
import { client } from '../../api/client.ts'
import { Gatherer, type Item } from './run.ts'

/** Lines that come together are one drawing of the page. */
const DRAW_MS = 100

export interface Run {
  readonly state: 'none' | 'running' | 'ended' | 'stopped'
  readonly items: readonly Item[]
  /** Why it did not come to its end. */
  readonly error: Error | null
  /** How many characters the page put before what is in the editor. */
  readonly prefix: number
}

const NONE: Run = { state: 'none', items: [], error: null, prefix: 0 }

interface Runner {
  readonly run: Run
  readonly start: (ask: QueryAsk, prefix: number) => void
  readonly stop: () => void
}

/** Runs one text after the other; one that still runs when the page is left is stopped. */
export function useRun(): Runner {
  const [run, setRun] = useState(NONE)
  const stopper = useRef<AbortController>(null)
  useEffect(() => () => stopper.current?.abort(), [])
  return {
    run,
    start: (ask, prefix) => {
      stopper.current?.abort()
      const current = new AbortController()
      stopper.current = current
      setRun({ ...NONE, state: 'running', prefix })
      void follow(ask, current.signal, (change) => {
        if (stopper.current === current) setRun((before) => ({ ...before, ...change }))
      })
    },
    stop: () => stopper.current?.abort(),
  }
}

async function follow(ask: QueryAsk, signal: AbortSignal, tell: (change: Partial<Run>) => void): Promise<void> {
  const gatherer = new Gatherer()
  let timer: ReturnType<typeof setTimeout> | undefined
  const draw = () => {
    timer = undefined
    tell({ items: gatherer.items })
  }
  let error: Error | null = null
  try {
    for await (const line of client.query(ask, signal)) {
      gatherer.add(line)
      timer ??= setTimeout(draw, DRAW_MS)
    }
  } catch (cause) {
    error = cause instanceof Error ? cause : new Error(String(cause))
  }
  clearTimeout(timer)
  tell({ state: signal.aborted ? 'stopped' : 'ended', items: gatherer.items, error })
}
