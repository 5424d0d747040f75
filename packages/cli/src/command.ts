import { Command, CommanderError } from 'commander'
import { EXIT } from './error.ts'
import { Output } from './output.ts'
import { report } from './report.ts'

/** A command under `parent`: every one has `--json`, and examples in its help. */
export function define(parent: Command, usage: string, summary: string, examples: readonly string[]): Command {
  return parent
    .command(usage)
    .summary(summary)
    .description(summary)
    .option('--json', 'machine output on stdout')
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`)
}

/** A command that only holds others, `token create`. Without one of them its help is shown, and that is a usage error. */
export function group(parent: Command, name: string, summary: string): Command {
  return parent.command(name).summary(summary).description(summary)
}

/**
 * A commander action from a handler that returns an exit code. What it throws is reported here: the message, why, and
 * what to do next on stderr, and with `--json` as `{"error": {…}}` on stdout too.
 */
export function perform<A extends readonly unknown[]>(handler: (out: Output, ...args: A) => Promise<number>): (...args: [...A, Command]) => Promise<void> {
  return async (...all) => {
    const command = all.at(-1)
    const out = new Output(command instanceof Command && command.opts()['json'] === true)
    try {
      process.exitCode = await handler(out, ...(all.slice(0, -1) as unknown[] as [...A]))
    } catch (error) {
      process.exitCode = report(out, error)
    }
  }
}

/** Runs the program; what commander refuses is a usage error. */
export async function run(program: Command, argv: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(argv)
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage
  }
}
