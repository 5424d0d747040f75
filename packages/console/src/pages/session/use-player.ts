import { useEffect, useState } from 'react'

export const SPEEDS = [1, 2, 4, 8, 16]
const TICK_MS = 100
/** Of the viewer's own time. */
const LONGEST_PAUSE_MS = 2_000

export interface PlayerState {
  /** Unix milliseconds. */
  readonly at: number
  readonly playing: boolean
  readonly speed: number
  readonly toggle: () => void
  readonly seek: (at: number) => void
  readonly setSpeed: (speed: number) => void
}

/** Where a replay is. `marks` are when something was done, in order: a pause between them is cut short. */
export function usePlayer(from: number, until: number, marks: readonly number[]): PlayerState {
  const [at, setAt] = useState(from)
  const [playing, setPlaying] = useState(false)
  const [speed, setSpeed] = useState(1)
  const isOver = at >= until
  useEffect(() => {
    if (!playing || isOver) return setPlaying(false)
    const timer = setInterval(() => setAt((before) => advance(before, TICK_MS * speed, LONGEST_PAUSE_MS * speed, until, marks)), TICK_MS)
    return () => clearInterval(timer)
  }, [playing, isOver, speed, until, marks])
  return {
    at,
    playing,
    speed,
    toggle: () => {
      if (isOver) setAt(from)
      setPlaying(!playing)
    },
    seek: (to) => setAt(Math.min(Math.max(to, from), until)),
    setSpeed,
  }
}

/** The next position: `by` further, or so far into a long pause that only `longest` of it is left. */
export function advance(at: number, by: number, longest: number, until: number, marks: readonly number[]): number {
  const next = marks.find((mark) => mark > at) ?? until
  return Math.min(Math.max(at + by, next - longest), until)
}
