import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { CopyLine } from './copy-line.tsx'
import classes from './shown-once.module.css'

interface ShownOnceProps {
  readonly label: string
  readonly secret: string
  /** He has it: it is to be forgotten. */
  readonly onDone: () => void
  /** What it is, and what to do with it. */
  readonly children: ReactNode
}

/** A secret that cannot be had again. Whoever asked for it keeps the answer no longer than this is there (`gcTime: 0`). */
export function ShownOnce({ label, secret, onDone, children }: ShownOnceProps) {
  return (
    <div className={classes.secret} role="status">
      <p>{children}</p>
      <CopyLine label={label} line={secret} />
      <div>
        <Button size="xs" variant="default" onClick={onDone}>
          I have it
        </Button>
      </div>
    </div>
  )
}
