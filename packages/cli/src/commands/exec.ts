import type { Command } from 'commander'
import { type Client, createClient } from '@countersign/contract/client'
import { visible } from '@countersign/contract/visible'
import { readAction } from '../action-file.ts'
import { define, perform } from '../command.ts'
import { settings } from '../connection.ts'
import { CliError, EXIT } from '../error.ts'
import type { Output } from '../output.ts'
import { reach } from '../postgres-target.ts'
import type { Purpose } from '../psql.ts'
import { type Notice, StatementRun, type StatementResult } from '../statement.ts'
import { type Waiting, waiting } from '../waiting.ts'

const EXAMPLES = [
  "countersign exec orders-db -- 'SELECT * FROM orders LIMIT 5'",
  "countersign exec orders-db --reason INC-7 --json -- 'DELETE FROM orders WHERE id = 7'",
  'countersign exec orders-db --reason INC-7 -f fix-orders.sql',
]

interface ExecOptions extends Purpose {
  readonly file?: string
}

/** Runs one statement or a file of them, and waits while it is held. Exit code 3 denied, 4 still pending where the resource does not wait. */
export function addExec(program: Command): void {
  define(program, 'exec <resource> [action...]', 'Run a statement, or a file of them as one action, and print the rows; waits while held', EXAMPLES)
    .usage('<resource> [options] (-- ACTION | -f FILE)')
    .option('-f, --file <file>', 'run the statements of a file (-: standard input) as one action, which an error undoes unless the file commits by itself')
    .option('--reason <text>', 'why; shown to the reviewers')
    .option('--ticket <id>', 'the ticket that policy asks for, when the reason is not it')
    .action(
      perform(async (out, name: string, words: readonly string[], { file, ...purpose }: ExecOptions) => {
        const text = await textOf(words, file)
        const mine = settings()
        const client = createClient(mine)
        const { target } = await reach(client, mine, name, purpose)
        const progress = new Progress(name)
        const run = new StatementRun(target, (notice) => progress.notice(notice))
        const onInterrupt = () => void progress.interrupt(client, run)
        process.once('SIGINT', onInterrupt)
        try {
          const results = await run.run(text)
          progress.stop()
          print(out, results)
          return EXIT.ok
        } finally {
          progress.stop()
          process.off('SIGINT', onInterrupt)
        }
      }),
    )
}

async function textOf(words: readonly string[], file: string | undefined): Promise<string> {
  if (words.length > 0 === (file !== undefined)) throw new CliError('usage', 'give either the action after -- or a file with -f FILE')
  return file === undefined ? words.join(' ') : readAction(file)
}

/** What happens to the statement while it runs or is held, on stderr. */
class Progress {
  readonly #name: string
  #shown: Waiting | null
  #held: string | null = null

  constructor(name: string) {
    this.#name = name
    this.#shown = process.stderr.isTTY ? waiting(`running on ${name}`) : null
  }

  /** `held req-7kq2: …` is the gateway's; what the target itself has to say passes by. */
  notice({ message, detail, hint }: Notice): void {
    const held = /^(?:still )?held (req-\w+):/.exec(message)?.[1]
    const decided = this.#held !== null && message.startsWith(`${this.#held} `)
    if (held !== undefined) this.#held = held
    else if (decided) this.#held = null
    const text = [message, detail, hint].filter((part) => part !== null).join(' · ')
    if (held === undefined && !decided) this.#keep(`notice: ${text}`)
    else if (this.#shown) this.#shown.say(text)
    else this.#shown = waiting(text)
  }

  /** Ctrl-C: a held statement's request is withdrawn, a running one is cancelled. The answer to it ends the run. */
  async interrupt(client: Client, run: StatementRun): Promise<void> {
    const held = this.#held
    try {
      if (held !== null) {
        await client.withdraw({ id: held })
        this.#keep(`withdrew ${held}: it was not run`)
      } else if (await run.cancel()) this.#keep(`cancelled on ${this.#name}`)
      else process.exit(128 + 2)
    } catch (error) {
      this.#keep(`could not stop it: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  stop(): void {
    this.#shown?.stop()
    this.#shown = null
  }

  #keep(line: string): void {
    if (this.#shown) this.#shown.keep(line)
    else process.stderr.write(`${visible(line)}\n`)
  }
}

function print(out: Output, results: readonly StatementResult[]): void {
  if (out.json) {
    const documents = results.map(({ columns, rows, rowCount, command }) => ({ rows: rows.map((row) => objectOf(columns, row)), rowCount, command }))
    return out.data(documents.length === 1 ? documents[0] : documents)
  }
  for (const { columns, rows, rowCount, command } of results) {
    if (columns.length === 0) out.line(visible(rowCount === null ? command : `${command} ${rowCount}`))
    else
      out.table(
        columns,
        rows.map((row) => row.map(cell)),
        `no rows (${columns.join(', ')})`,
      )
  }
}

/** Columns of the same name are told apart by a number: none may be lost. */
function objectOf(columns: readonly string[], row: readonly unknown[]): Record<string, unknown> {
  const seen = new Set<string>()
  const unique = (name: string): string => {
    let free = name
    for (let count = 2; seen.has(free); count += 1) free = `${name}_${count}`
    seen.add(free)
    return free
  }
  return Object.fromEntries(columns.map((name, index) => [unique(name), row[index]]))
}

const cell = (value: unknown): string => (value === null ? 'NULL' : typeof value === 'string' ? value : JSON.stringify(value))
