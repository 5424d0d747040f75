import type { ReactNode } from 'react'
import classes from './views.module.css'

/** Links to the views of one page, of which one is shown: `children` are links that know whether they are it. */
export function Views({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <nav aria-label={label} className={classes.views}>
      {children}
    </nav>
  )
}

export const viewClass = classes.view ?? ''
