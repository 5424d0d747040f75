import { ClientError } from '@countersign/contract/client-error'
import type { RecordingLine } from '@countersign/contract/schemas/recording'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { client } from '../../api/client.ts'
import { Answer, Empty } from '../../parts/states.tsx'

/** Statements that a browser is asked to hold. Longer recordings are for `countersign replay`. */
export const MOST = 20_000

/** The first lines of a recording, and whether there were more than a browser is asked to hold. */
export async function firstLines(session: string): Promise<{ readonly lines: readonly RecordingLine[]; readonly isCut: boolean }> {
  const lines: RecordingLine[] = []
  let statements = 0
  for await (const line of client.recording({ session })) {
    if ((line.line === 'started' || line.line === 'decided') && ++statements > MOST) return { lines, isCut: true }
    lines.push(line)
  }
  return { lines, isCut: false }
}

/** What was made of a recording, once it is read. That there is none is no fault. */
export function Recorded<T>({ query, children }: { readonly query: UseQueryResult<T>; readonly children: (made: T) => ReactNode }) {
  const { error } = query
  if (error instanceof ClientError && error.status === 404)
    return (
      <Empty title="There is no recording of it">
        <p>{error.message}</p>
      </Empty>
    )
  return (
    <Answer query={query} what="Recording">
      {children}
    </Answer>
  )
}

/** Said where there was more; `command` shows all of it. */
export const Cut = ({ command }: { readonly command: string }) => (
  <p role="status">
    These are its first {MOST} statements; <code>{command}</code> has all of them.
  </p>
)
