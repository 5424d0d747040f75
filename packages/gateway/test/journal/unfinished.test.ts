import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonical } from '@countersign/ledger/canonical'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ActionEvent, Event } from '../../src/journal/journal.ts'
import { openJournal } from '../../src/journal/open.ts'
import { leftBehind } from '../../src/journal/unfinished.ts'

type Step = { readonly what: 'start' | 'finish' | 'end'; readonly run: number } | { readonly what: 'process' }

const eventOf = (step: Step): Event => {
  if (step.what === 'process') return { type: 'gateway.started', body: { version: '1' } }
  if (step.what === 'end') return { type: 'session.ended', body: { session: `ses-${step.run}`, reason: '"session":"ses-0"}' } }
  const body = { session: 'ses-1', run: `ses-1.${step.run}`, policies: ['"run":"ses-9.9"', '"type":"gateway.started"'] }
  return step.what === 'start' ? { type: 'action.started', body, secret: { text: '"type":"action.finished"' } } : { type: 'action.finished', body }
}

/** The same in canonical JSON, so that it may be one of several in an entry. */
function joinable({ type, body, secret }: Event): ActionEvent | null {
  if (type !== 'action.started' && type !== 'action.finished') return null
  return { type, body: canonical(body), secret: secret ? canonical(secret) : null }
}

/** Each run begins once and ends at most once, after that; processes begin in between. */
const stories = fc
  .array(fc.record({ ends: fc.boolean(), sessionEnds: fc.boolean(), newProcess: fc.boolean(), wait: fc.nat(5) }), { maxLength: 30 })
  .map((runs) => {
    const steps: { at: number; step: Step }[] = [{ at: -1, step: { what: 'process' } }]
    runs.forEach(({ ends, sessionEnds, newProcess, wait }, run) => {
      if (newProcess) steps.push({ at: run, step: { what: 'process' } })
      steps.push({ at: run + 0.1, step: { what: 'start', run } })
      if (sessionEnds) steps.push({ at: run + 0.15, step: { what: 'end', run } })
      if (ends) steps.push({ at: run + wait + 0.2 + run / 1000, step: { what: 'finish', run } })
    })
    return steps.toSorted((a, b) => a.at - b.at).map(({ step }) => step)
  })

/** The specification: of the last process, what began and did not end. */
function expected(steps: readonly Step[]): readonly string[] {
  const last = steps.slice(steps.findLastIndex(({ what }) => what === 'process'))
  const runs = (what: Step['what']) => last.flatMap((step) => (step.what === what && 'run' in step ? [`ses-1.${step.run}`] : []))
  const finished = new Set(runs('finish'))
  return runs('start').filter((run) => !finished.has(run))
}

/** Of the sessions with an even number: those whose end the last process has written down. */
const expectedEnds = (steps: readonly Step[]) =>
  steps.slice(steps.findLastIndex(({ what }) => what === 'process')).flatMap((step) => (step.what === 'end' && step.run % 2 === 0 ? [`ses-${step.run}`] : []))
const EVEN = new Set(Array.from({ length: 15 }, (_, index) => `ses-${2 * index}`))

test('are the runs of the last process that began and did not end, and the sessions that it says have ended, over any number of segments', async () => {
  await fc.assert(
    fc.asyncProperty(stories, fc.constantFrom(600, 5_000, 1_000_000), fc.infiniteStream(fc.boolean()), async (steps, segmentBytes, grouped) => {
      const directory = mkdtempSync(join(tmpdir(), 'countersign-unfinished-'))
      try {
        const journal = await openJournal({ directory, segmentBytes })
        for (const step of steps) {
          const event = eventOf(step)
          const together = grouped.next().value === true ? joinable(event) : null
          if (together) journal.join(together)
          else await journal.append(event, 'process')
        }
        await journal.sync()
        const { runs, ended } = await leftBehind(directory, journal.gateway, EVEN)
        expect(runs.map(({ run }) => run)).toEqual(expected(steps))
        expect([...ended].toSorted()).toEqual(expectedEnds(steps).toSorted())
        await journal.close()
      } finally {
        rmSync(directory, { recursive: true, force: true })
      }
    }),
    { numRuns: 40 },
  )
})

test('an empty journal has none', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-unfinished-'))
  const journal = await openJournal({ directory })
  expect(await leftBehind(directory, journal.gateway, EVEN)).toEqual({ runs: [], ended: new Set() })
  await journal.close()
  rmSync(directory, { recursive: true, force: true })
})
