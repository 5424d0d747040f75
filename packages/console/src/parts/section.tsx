import type { ReactNode } from 'react'
import classes from './section.module.css'

interface SectionProps {
  /** Its heading. */
  readonly title?: string
  /** What it is called where it has no heading, or where the heading alone would not do. */
  readonly label?: string | undefined
  /** What stands beside the heading. */
  readonly aside?: ReactNode
  /** It is a panel: with a frame, and a ground of its own. */
  readonly framed?: true
  readonly roomy?: true
  readonly as?: 'section' | 'div' | 'li'
  readonly children: ReactNode
}

/** A part of a page, with its heading and what is under it. */
export function Section({ title, label = title, aside, framed, roomy, as: Tag = 'section', children }: SectionProps) {
  return (
    <Tag className={classes.section} aria-label={label} data-framed={framed} data-roomy={roomy}>
      {aside === undefined ? (
        title !== undefined && <h2>{title}</h2>
      ) : (
        <div className={classes.head}>
          <h2>{title}</h2>
          {aside}
        </div>
      )}
      {children}
    </Tag>
  )
}

interface SectionsProps {
  /** They stand right under the header of the page; views keep a distance by themselves. */
  readonly underHeader?: true
  readonly children: ReactNode
}

/** The sections of a page, one under the other. */
export function Sections({ underHeader, children }: SectionsProps) {
  return (
    <div className={classes.sections} data-under-header={underHeader}>
      {children}
    </div>
  )
}
