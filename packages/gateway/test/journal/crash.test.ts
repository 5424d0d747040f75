import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hashEntry } from '@countersign/ledger/entry'
import { describe, expect, it } from 'vitest'
import { openJournal } from '../../src/journal/open.ts'
import { linesOf, newDirectory, verify } from './directory.ts'

const APPENDER = new URL('appender.ts', import.meta.url).pathname

/** Its standard output is a file: what it said is there, whatever becomes of it. */
function start(command: readonly [string, ...string[]], output: string): ChildProcess {
  const fd = openSync(output, 'a')
  const [program, ...args] = command
  const child = spawn(program, args, { stdio: ['ignore', fd, 'inherit'] })
  closeSync(fd)
  return child
}

const said = (output: string): string[] => readFileSync(output, 'utf8').split('\n').slice(0, -1)

/** Every acknowledged entry stands in the journal with the hash that was acknowledged, and every event that joined others too. */
async function expectAcknowledged(directory: string, gateway: string, output: string): Promise<number> {
  const lines = await linesOf(directory, gateway)
  const acks = said(output).filter((line) => line.startsWith('ack '))
  const missing = acks.filter((ack) => {
    const [, seq, hash] = ack.split(' ')
    return hashEntry(lines[Number(seq) - 1] ?? '') !== hash
  })
  expect(missing).toEqual([])
  const text = lines.join('\n')
  const ran = said(output).filter((line) => line.startsWith('ran '))
  expect(ran.filter((line) => !text.includes(`{"body":{"run":"${line.slice(4)}"},"commitment":`))).toEqual([])
  expect(ran.length).toBeGreaterThan(0)
  return acks.length
}

describe('a gateway that is killed while it writes', () => {
  it('has every acknowledged entry, and its chain goes on: 20 times in the same directory', { timeout: 120_000 }, async () => {
    const directory = newDirectory()
    const output = join(newDirectory(), 'said')
    for (let round = 0; round < 20; round += 1) {
      const child = start([process.execPath, APPENDER, directory], output)
      const before = round === 0 ? 0 : statSync(output).size
      while (statSync(output).size === before) await sleep(2)
      await sleep(Math.random() * 60)
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    const journal = await openJournal({ directory })
    await journal.close()
    expect((await verify(directory, journal.gateway)).bad).toBeNull()
    expect(await expectAcknowledged(directory, journal.gateway, output)).toBeGreaterThan(100)
  })
})

describe('a disk that takes no more', () => {
  it('breaks the journal for good: nothing is acknowledged after, and nothing that was is lost', { timeout: 60_000 }, async () => {
    const directory = newDirectory()
    const output = join(newDirectory(), 'said')
    // A limit on the size of a file stands in for a full disk: the write is cut short, and the next one fails.
    const child = start(['bash', '-c', 'ulimit -f 40 && exec "$0" "$@"', process.execPath, APPENDER, directory], output)
    expect(await once(child, 'exit')).toEqual([0, null])
    const lines = said(output)
    const broke = lines.findIndex((line) => line.startsWith('broken '))
    expect(lines[broke]).toMatch(/^broken the journal cannot be written: only \d+ of \d+ bytes were written/)
    expect(lines).not.toContain('late') // what was on the disk already may be said a moment later

    const journal = await openJournal({ directory })
    await journal.append({ type: 'gateway.started', body: {} }, 'disk')
    await journal.close()
    expect((await verify(directory, journal.gateway)).bad).toBeNull()
    expect(await expectAcknowledged(directory, journal.gateway, output)).toBeGreaterThan(10)
  })
})
