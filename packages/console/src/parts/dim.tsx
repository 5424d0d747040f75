import type { ReactNode } from 'react'
import classes from './dim.module.css'

interface DimProps {
  readonly as?: 'p' | 'span' | 'div' | 'li'
  readonly small?: true
  /** It changes by itself, and that is told to who does not see it. */
  readonly role?: 'status'
  readonly 'aria-hidden'?: true
  readonly children: ReactNode
}

/** What is said beside what matters. */
export function Dim({ as: Tag = 'p', small, children, ...rest }: DimProps) {
  return (
    <Tag className={classes.dim} data-small={small} {...rest}>
      {children}
    </Tag>
  )
}
