import { isatty } from 'node:tty'
import Table from 'cli-table3'
import pc from 'picocolors'
import { visible, visibleLines } from '@countersign/contract/visible'

/** Characters that JSON leaves as they are and a terminal may obey or hide: DEL, C1 controls, bidirectional and zero-width ones. */
const UNSEEN = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

const BORDERS = ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right', 'left', 'left-mid'] as const
const INNER = ['mid', 'mid-mid', 'right', 'right-mid', 'middle'] as const
const BORDERLESS = Object.fromEntries([...BORDERS, ...INNER].map((name) => [name, '']))

/**
 * Where a command writes. Results go to stdout, as JSON when asked; progress, hints and errors go to stderr. Text from
 * the gateway was typed by somebody else and may be hostile to a terminal, so people are shown it through `visible`.
 */
export class Output {
  readonly json: boolean
  readonly colors: ReturnType<typeof pc.createColors>

  constructor(json: boolean) {
    this.json = json
    // `process.stdout.isTTY` may be undefined, which would leave it to picocolors to guess (from CI, say).
    this.colors = pc.createColors(isatty(1) && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb')
  }

  /** One JSON document on a line of its own, escaped so that printing it moves no cursor. */
  data(value: unknown): void {
    process.stdout.write(`${JSON.stringify(value).replace(UNSEEN, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`)
  }

  /** A result for people. Callers pass what others wrote through `visible` first. */
  line(text = ''): void {
    process.stdout.write(`${text}\n`)
  }

  /** Something beside the result; never on stdout, so that a pipe gets results alone. */
  note(text: string): void {
    process.stderr.write(`${printable(text)}\n`)
  }

  /** Rows under a heading; `empty` says on stderr that there is none. Cells are made safe here. */
  table(head: readonly string[], rows: readonly (readonly string[])[], empty: string): void {
    if (rows.length === 0) return this.note(empty)
    const table = new Table({
      head: head.map((name) => this.colors.dim(visible(name))),
      chars: BORDERLESS,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    })
    table.push(...rows.map((row) => row.map((cell) => visible(cell))))
    this.line(table.toString().replace(/ +$/gm, ''))
  }

  /** Names and their values, one a line. Values are made safe here. */
  fields(pairs: readonly (readonly [name: string, value: string])[]): void {
    const width = Math.max(...pairs.map(([name]) => name.length)) + 2
    for (const [name, value] of pairs) this.line(this.colors.dim(name.padEnd(width)) + visibleLines(value).join(`\n${' '.repeat(width)}`))
  }
}

/** Text of any origin that a terminal prints and does not obey: its lines stay lines, all else that cannot be seen is escaped. */
export function printable(text: string): string {
  return visibleLines(text).join('\n')
}
