import type { ReactNode } from 'react'
import classes from './problems.module.css'

/** What is wrong, in `li`s. */
export function Problems({ label, children }: { readonly label?: string; readonly children: ReactNode }) {
  return (
    <ul className={classes.problems} aria-label={label}>
      {children}
    </ul>
  )
}
