import { CheckCircledIcon, CircleBackslashIcon, ClockIcon, CrossCircledIcon, DotsHorizontalIcon, QuestionMarkCircledIcon } from '@radix-ui/react-icons'
import { duration } from './durations.ts'
import { Seen } from './seen.tsx'
import { Word } from './word.tsx'

const RESULTS = {
  running: { tone: 'dim', icon: DotsHorizontalIcon },
  done: { tone: 'good', icon: CheckCircledIcon },
  failed: { tone: 'bad', icon: CrossCircledIcon },
  unknown: { tone: 'bad', icon: QuestionMarkCircledIcon },
  held: { tone: 'waiting', icon: ClockIcon },
  denied: { tone: 'bad', icon: CircleBackslashIcon },
} as const

/** What became of a statement, in one word. */
export const Result = ({ is }: { readonly is: keyof typeof RESULTS }) => <Word {...RESULTS[is]}>{is}</Word>

interface AnswerProps {
  /** The command tag, or the code of a failure: the target's word. */
  readonly summary: string
  readonly rows: number | null
  readonly ms: number | null
}

/** What the target answered, and how long that took. Most command tags say how many rows there were. */
export function TargetAnswer({ summary, rows, ms }: AnswerProps) {
  return (
    <>
      {summary !== '' && (
        <span>
          <Seen text={summary} />
        </span>
      )}
      {rows !== null && !summary.endsWith(` ${rows}`) && <span>{rows === 1 ? '1 row' : `${rows} rows`}</span>}
      {ms !== null && <span>{ms < 1_000 ? `${Math.round(ms)} ms` : duration(ms)}</span>}
    </>
  )
}
