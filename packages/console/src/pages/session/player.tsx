import { Button, NativeSelect } from '@mantine/core'
import { PauseIcon, PlayIcon } from '@radix-ui/react-icons'
import { useEffect, useMemo, useRef } from 'react'
import { Dim } from '../../parts/dim.tsx'
import { useShortcuts } from '../../shell/shortcuts.tsx'
import classes from './session.module.css'
import { clockOf, Steps } from './steps.tsx'
import type { Step } from './story.ts'
import { Timeline } from './timeline.tsx'
import { SPEEDS, usePlayer } from './use-player.ts'

/** Statements that are in the page at once, around the one that is played. */
const SHOWN = 300

interface PlayerProps {
  /** Unix milliseconds. */
  readonly from: number
  readonly until: number
  readonly steps: readonly Step[]
}

/** Plays a session on its own time axis: play, pause, seek, faster. Nobody waits for longer than two seconds in which nothing was done. */
export function Player({ from, until, steps }: PlayerProps) {
  const marks = useMemo(() => steps.map(({ at }) => at), [steps])
  const player = usePlayer(from, until, marks)
  const { at, playing, speed } = player
  const lastIndex = marks.findLastIndex((mark) => mark <= at)
  const last = steps[lastIndex] ?? null
  const first = Math.max(0, Math.min(lastIndex - SHOWN / 2, steps.length - SHOWN))
  const shown = steps.slice(first, first + SHOWN)

  const go = (by: number) => player.seek(marks[Math.min(Math.max(lastIndex + by, 0), marks.length - 1)] ?? from)
  const latest = useRef({ player, go })
  latest.current = { player, go }
  useShortcuts(
    useMemo(
      () => [
        { key: 'p', does: 'Play, or pause', run: () => latest.current.player.toggle() },
        { key: 'j', does: 'The next statement', run: () => latest.current.go(1) },
        { key: 'k', does: 'The statement before', run: () => latest.current.go(-1) },
      ],
      [],
    ),
  )
  const lastId = last?.index
  useEffect(() => {
    if (lastId !== undefined) document.getElementById(`step-${lastId}`)?.scrollIntoView({ block: 'nearest' })
  }, [lastId])

  return (
    <>
      <div className={classes.player}>
        <div className={classes.controls}>
          <Button size="xs" variant="default" leftSection={playing ? <PauseIcon /> : <PlayIcon />} onClick={player.toggle}>
            {playing ? 'Pause' : 'Play'}
          </Button>
          <NativeSelect
            size="xs"
            aria-label="Speed"
            value={String(speed)}
            onChange={(event) => player.setSpeed(Number(event.currentTarget.value))}
            data={SPEEDS.map((each) => ({ value: String(each), label: `${each}×` }))}
          />
          <span className={classes.position}>
            {clockOf(at - from)} / {clockOf(until - from)}
          </span>
        </div>
        <Timeline from={from} until={until} at={at} steps={steps} onSeek={player.seek} />
      </div>
      {first > 0 && <Dim>{first} earlier statements are not shown.</Dim>}
      <Steps label="Statements" steps={shown} from={from} until={{ at, last: last?.index ?? null, onChoose: player.seek }} />
      {first + SHOWN < steps.length && <Dim>{steps.length - first - SHOWN} later statements are not shown.</Dim>}
    </>
  )
}
