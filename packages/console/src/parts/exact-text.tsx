import { Button } from '@mantine/core'
import { Fragment, useMemo } from 'react'
import classes from './exact-text.module.css'
import { NumberedText } from './numbered-text.tsx'
import { marked } from './seen.tsx'
import { type Token, tokensOf } from './sql-tokens.ts'

/** Characters that are put into the page at once, in colours. More of them come when they are asked for, and without: a browser takes long for ten thousand coloured words. */
export const SHOWN_AT_ONCE = 20_000

interface ExactTextProps {
  /** Exactly what was hashed and would be forwarded. */
  readonly text: string
  readonly label: string
  /** False: only the beginning of a very long text is shown, which is said. */
  readonly whole: boolean
  readonly onShowWhole: () => void
}

/** The exact text of an action, line by line, with what cannot be seen made visible. */
export function ExactText({ text, label, whole, onShowWhole }: ExactTextProps) {
  const shown = whole ? text : text.slice(0, SHOWN_AT_ONCE)
  const lines = useMemo(() => linesOf(shown.length > SHOWN_AT_ONCE ? [{ kind: 'plain', text: shown }] : tokensOf(shown)), [shown])
  const hidden = text.length - shown.length
  return (
    <NumberedText
      label={label}
      aside={
        <span>
          {text.split('\n').length} {text.includes('\n') ? 'lines' : 'line'}, {new TextEncoder().encode(text).length} bytes
        </span>
      }
      fits
      lines={lines.map((line) => ({ content: line.map(shownToken) }))}
    >
      {hidden > 0 && (
        <div className={classes.hidden} role="status">
          This is only the beginning: {hidden} characters more are not shown.
          <Button size="xs" variant="default" onClick={onShowWhole}>
            Show all of it
          </Button>
        </div>
      )}
    </NumberedText>
  )
}

const shownToken = ({ kind, text }: Token, at: number) =>
  kind === 'plain' ? (
    <Fragment key={at}>{marked(text)}</Fragment>
  ) : (
    <span key={at} className={classes.token} data-kind={kind}>
      {marked(text)}
    </span>
  )

/** Tokens, divided where lines end. */
function linesOf(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const lines: Token[][] = [[]]
  for (const { kind, text: whole } of tokens) {
    whole.split('\n').forEach((part, index) => {
      if (index > 0) lines.push([])
      if (part !== '') lines.at(-1)?.push({ kind, text: part })
    })
  }
  return lines
}
