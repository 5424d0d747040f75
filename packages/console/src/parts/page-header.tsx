import { type ReactNode, useEffect, useRef } from 'react'
import { useTitle } from '../shell/title.ts'
import classes from './page-header.module.css'

/** The page that was opened first keeps the browser's own focus. */
let opened = 0

/** The heading of a page. It names the tab, and takes the focus when somebody comes here from another page, so that a screen reader says where he is. */
export function PageHeader({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useTitle(title)
  useEffect(() => {
    if (opened++ > 1) heading.current?.focus({ preventScroll: true })
  }, [])
  return (
    <div className={classes.header}>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {children}
    </div>
  )
}
