import ora from 'ora'
import { visible } from '@countersign/contract/visible'

/** Something is being waited for, and whoever waits can see it. All of it goes to stderr. */
export interface Waiting {
  /** Changes what is being waited for. */
  say(text: string): void
  /** A line that stays. */
  keep(text: string): void
  stop(): void
}

/** A spinner at a terminal; elsewhere a line each time the text changes, so that a log shows it too. */
export function waiting(text: string): Waiting {
  return process.stderr.isTTY ? spinner(text) : lines(text)
}

function spinner(text: string): Waiting {
  // With its default, ora puts the terminal into raw mode and Ctrl-C would no longer be a signal.
  const turning = ora({ text: visible(text), stream: process.stderr, color: process.env['NO_COLOR'] ? false : 'cyan', discardStdin: false }).start()
  return {
    say(next) {
      turning.text = visible(next)
    },
    keep(line) {
      turning.stop()
      process.stderr.write(`${visible(line)}\n`)
      turning.start()
    },
    stop() {
      turning.stop()
    },
  }
}

function lines(text: string): Waiting {
  let last = ''
  const say = (next: string) => {
    if (next !== last) process.stderr.write(`${visible(next)}\n`)
    last = next
  }
  say(text)
  return { say, keep: (line) => void process.stderr.write(`${visible(line)}\n`), stop: () => undefined }
}
