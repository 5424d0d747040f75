import { visible } from '@countersign/contract/visible'
import classes from './seen.module.css'

const ESCAPE = /(<U\+[0-9A-F]{4,6}>)/

/**
 * Text of others with everything in it that cannot be seen, or that makes a reader see something else, as a mark that names it. It is kept apart from what
 * stands around it (bidi isolation), and never read as anything but text.
 */
export function Seen({ text }: { readonly text: string }) {
  return <bdi>{marked(text)}</bdi>
}

/** The same without isolation, for parts of one line. A tab is a gap with an arrow in it: statements are indented by it. */
export function marked(text: string) {
  return visible(text)
    .split(ESCAPE)
    .map((part, index) => {
      if (index % 2 === 0) return part
      const code = part.slice(1, -1)
      if (code === 'U+0009') return <span key={index} className={classes.tab} title="tab" />
      return (
        <mark key={index} className={classes.unseen} title={`a character that cannot be seen: ${code}`}>
          {code}
        </mark>
      )
    })
}
