import { createLink } from '@tanstack/react-router'
import type { ComponentProps, ReactNode } from 'react'
import classes from './views.module.css'

/** Links to the views of one page, of which one is shown: `children` are `View`s. */
export function Views({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <nav aria-label={label} className={classes.views}>
      {children}
    </nav>
  )
}

/** The page says which view is shown. A router's link would compare addresses, to which the view that needs no parameter is like every other. */
function ViewAnchor({ shown, ...props }: ComponentProps<'a'> & { readonly shown: boolean }) {
  return <a {...props} className={classes.view} aria-current={shown ? 'page' : undefined} />
}

export const View = createLink(ViewAnchor)
