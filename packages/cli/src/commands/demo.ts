import type { Command } from 'commander'
import { define, perform } from '../command.ts'
import { type DemoOptions, runDemo } from '../demo/demo.ts'

/** Plays the main story on a real PostgreSQL and a real gateway, then stays up to be tried. */
export function addDemo(program: Command): void {
  define(program, 'demo', 'A PostgreSQL, a gateway, two people, and the whole story', ['countersign demo', 'countersign demo --once --json'])
    .option('--once', 'end after the story')
    .option('--fast', 'without pauses; that is so anyway where the output is no terminal')
    .action(perform(async (out, options: DemoOptions) => runDemo(out, options)))
}
