import { useState } from 'react'
import { Dim } from '../../parts/dim.tsx'
import { marked, Seen } from '../../parts/seen.tsx'
import classes from './query.module.css'
import type { Cell } from './run.ts'

/** Characters that a cell shows of its value; the rest is shown when it is asked for. */
const CLIPPED = 120
/** A time or a name is not divided. */
const WORD = 36
/** What a page can bear in one cell; a download has all of it. */
const LONGEST = 100_000

/** A value as the server wrote it. NULL is no text, and is shown as none. */
export function CellView({ cell }: { readonly cell: Cell }) {
  const [whole, setWhole] = useState(false)
  if (cell === null) return <span className={classes.null}>NULL</span>
  if (cell.length <= CLIPPED && !cell.includes('\n'))
    return (
      <span className={cell.length <= WORD ? classes.word : classes.text}>
        <Seen text={cell} />
      </span>
    )
  return (
    <>
      {whole ? <Whole text={cell} /> : <Seen text={beginningOf(cell, CLIPPED)} />}{' '}
      <button type="button" className={classes.expand} aria-expanded={whole} onClick={() => setWhole(!whole)}>
        {whole ? 'less' : `all ${cell.length} characters`}
      </button>
    </>
  )
}

function Whole({ text }: { readonly text: string }) {
  return (
    <pre className={classes.whole} tabIndex={0}>
      {beginningOf(text, LONGEST)
        .split('\n')
        .map((line, index) => (
          <bdi key={index} className={classes.line}>
            {marked(line)}
            {'\n'}
          </bdi>
        ))}
      {text.length > LONGEST && <Dim as="span">… {text.length - LONGEST} characters more are in the CSV.</Dim>}
    </pre>
  )
}

/** Never half of a character. */
function beginningOf(text: string, length: number): string {
  const cut = text.slice(0, length)
  return cut.length < text.length && !cut.isWellFormed() && text.isWellFormed() ? cut.slice(0, -1) : cut
}
