/**
 * A gateway's journal under load, in a process of its own that can be killed: `appender.ts DIRECTORY`. Says on standard
 * output, one line each, what was acknowledged (`ack SEQ HASH`, or `ran RUN` for an event that joined others), that the
 * journal broke (`broken WHY`), and what came only then and was acknowledged all the same (`late`), and goes on.
 */
import { writeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { JournalBroken } from '../../src/journal/journal.ts'
import { openJournal } from '../../src/journal/open.ts'

const say = (line: string) => writeSync(1, `${line}\n`)

let isBroken = false
const onBroken = (why: string) => {
  isBroken = true
  say(`broken ${why}`)
}
const journal = await openJournal({ directory: process.argv[2] ?? '', segmentBytes: 64 * 1024, onBroken })

async function caller(number: number): Promise<void> {
  for (let index = 0; index < 100_000; index += 1) {
    const isLate = isBroken
    try {
      const { seq, hash } = await journal.append(
        { type: 'action.decided', body: { number, index }, secret: { text: `SELECT ${index}` } },
        index % 5 === 0 ? 'disk' : 'process',
      )
      say(isLate ? 'late' : `ack ${seq} ${hash}`)
    } catch (error) {
      if (!(error instanceof JournalBroken)) throw error
      if (index % 10 === 0) return
      await setImmediate()
    }
  }
}

/** As a session does for what policy allows by itself. */
async function joiner(number: number): Promise<void> {
  for (let index = 0; index < 100_000; index += 1) {
    const run = `${process.pid}-${number}.${index}`
    const body = `{"run":"${run}"}`
    const isLate = isBroken
    const error = await new Promise((resolve) => journal.join({ type: 'action.started', body, secret: `{"text":"SELECT ${index}"}` }, resolve))
    if (error !== null) return
    say(isLate ? 'late' : `ran ${run}`)
    journal.join({ type: 'action.finished', body, secret: null })
  }
}

await Promise.all(Array.from({ length: 16 }, (_, number) => (number < 4 ? joiner(number) : caller(number))))
