import type { ReactNode } from 'react'
import classes from './numbered-text.module.css'

export interface NumberedLine {
  readonly content: ReactNode
  /** Where it is found in the page. */
  readonly id?: string | undefined
  readonly marked?: boolean
}

interface NumberedTextProps {
  readonly label: string
  readonly lines: readonly NumberedLine[]
  /** What is said of it beside the label. */
  readonly aside?: ReactNode
  /** A long text scrolls in itself, and where the screen is narrow long lines are broken: it is all seen without scrolling sideways. */
  readonly fits?: true
  /** What stands under it. */
  readonly children?: ReactNode
}

/** A text as it is, line by line: numbered, because others name its lines, and so that blank lines cannot push anything out of sight. */
export function NumberedText({ label, lines, aside, fits, children }: NumberedTextProps) {
  return (
    <figure className={classes.figure} data-fits={fits}>
      <figcaption className={classes.caption}>
        {label}
        {aside}
      </figcaption>
      {/* It scrolls, so it has to be reachable by the keyboard. */}
      <pre className={classes.text} tabIndex={0} aria-label={label}>
        <ol className={classes.lines}>
          {lines.map(({ content, id, marked }, index) => (
            <li key={index} id={id} data-marked={marked || undefined}>
              <code>
                {content}
                {'\n'}
              </code>
            </li>
          ))}
        </ol>
      </pre>
      {children}
    </figure>
  )
}
