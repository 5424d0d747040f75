import { readFileSync } from 'node:fs'

/** One command of a page with what it is said to print; a command of null goes on with the one that still runs. */
export interface Step {
  readonly line: number
  readonly who: string
  readonly command: string | null
  readonly output: readonly string[]
}

/** A file that a page says to write: ```yaml countersign.yaml */
export interface PageFile {
  readonly path: string
  readonly text: string
}

const FENCE = /^```(\w*) ?(.*)$/
const PROMPT = /^(\w*)\$ (.*)$/

/** The files and the `console` steps of a page, in their order. */
export function readPage(file: string): { readonly files: readonly PageFile[]; readonly steps: readonly Step[] } {
  const files: PageFile[] = []
  const steps: Step[] = []
  for (const { kind, name, lines, start } of fences(readFileSync(file, 'utf8'))) {
    if (kind === 'console') steps.push(...stepsOf(lines, start))
    else if (name !== '') files.push({ path: name, text: `${lines.join('\n')}\n` })
  }
  return { files, steps }
}

function fences(text: string) {
  const found: { kind: string; name: string; lines: string[]; start: number }[] = []
  let open: (typeof found)[number] | null = null
  for (const [index, line] of text.split('\n').entries()) {
    const fence = FENCE.exec(line)
    if (open && fence) open = null
    else if (open) open.lines.push(line)
    else if (fence) found.push((open = { kind: fence[1] ?? '', name: fence[2] ?? '', lines: [], start: index + 2 }))
  }
  return found
}

function stepsOf(lines: readonly string[], start: number): readonly Step[] {
  const steps: { line: number; who: string; command: string | null; output: string[] }[] = []
  for (const [index, text] of lines.entries()) {
    const prompt = PROMPT.exec(text)
    if (prompt) steps.push({ line: start + index, who: prompt[1] ?? '', command: prompt[2] ?? '', output: [] })
    else if (steps.length === 0) steps.push({ line: start + index, who: '', command: null, output: [text] })
    else steps.at(-1)?.output.push(text)
  }
  return steps
}

const ID = /\b(?:req|ses|grant|tok)-[0-9a-z]+/
/** A request's link, which names it without its prefix. */
const LINK = /\/r\/[0-9a-z]+/
const TIME = /\d\d:\d\d/
/** The same as it is shown, with its day where that is not today. */
const SHOWN_TIME = /(?:\d{4}-\d\d-\d\d )?\d\d:\d\d/

/**
 * A pattern for lines as a page shows them: white space and borders may differ in width, a time is any time, `…` is anything (and alone on a
 * line any lines), and an id is any id, bound in `ids` to the one that is really there.
 */
export class Ids {
  readonly #real = new Map<string, string>()

  /** The page's ids replaced by the real ones. */
  fill(text: string): string {
    return text.replace(new RegExp(ID, 'g'), (id) => this.#real.get(id) ?? id)
  }

  /** True when `actual` shows the expected lines in this order; ids are bound then. */
  match(expected: readonly string[], actual: string): boolean {
    const names: string[] = []
    const pattern = expected.map((line) => (line.trim() === '…' ? '[^]*' : this.#line(line.trim(), names))).join('[^]*?\\n?')
    const found = new RegExp(`(?:^|\\n)${pattern}`).exec(
      actual
        .split('\n')
        .map((line) => line.trim())
        .join('\n'),
    )
    if (found) for (const [index, name] of names.entries()) this.#real.set(name, found[index + 1] ?? name)
    return found !== null
  }

  #line(line: string, names: string[]): string {
    const parts = line.split(new RegExp(`(…|${LINK.source}|${ID.source}|${TIME.source}|\\s+|-{3,})`))
    return parts.map((part) => this.#part(part, names)).join('')
  }

  #part(part: string, names: string[]): string {
    if (part === '…') return '[^\\n]*?'
    if (/^-{3,}$/.test(part)) return '-{3,}'
    if (/^\s+$/.test(part)) return '\\s+'
    if (new RegExp(`^${LINK.source}$`).test(part)) return LINK.source
    if (new RegExp(`^${TIME.source}$`).test(part)) return SHOWN_TIME.source
    if (!new RegExp(`^${ID.source}$`).test(part)) return literally(part)
    const real = this.#real.get(part)
    if (real !== undefined) return literally(real)
    names.push(part)
    return `(${ID.source})`
  }
}

const literally = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
