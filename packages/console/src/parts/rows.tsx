import type { ReactNode } from 'react'
import classes from './rows.module.css'

interface RowsProps {
  readonly label?: string
  /** Their order says something. */
  readonly ordered?: true
  /** `li`s. One that is a link is a link from edge to edge. */
  readonly children: ReactNode
}

/** A list in a frame, with lines between its rows. */
export function Rows({ label, ordered, children }: RowsProps) {
  const Tag = ordered ? 'ol' : 'ul'
  return (
    <Tag className={classes.rows} aria-label={label}>
      {children}
    </Tag>
  )
}
