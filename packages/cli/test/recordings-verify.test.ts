import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openJournal } from '../../gateway/src/journal/open.ts'
import { cli } from './cli.ts'

const data = mkdtempSync(join(tmpdir(), 'countersign-recordings-'))
const folder = join(data, 'recordings')
const FILES: Readonly<Record<string, string>> = { 'ses-a': 'the first', 'ses-b': 'the second', 'ses-c': 'one that was deleted' }
const fileOf = (session: string) => join(folder, `${session}.age`)
const sha256 = (content: string) => createHash('sha256').update(content).digest('hex')

beforeAll(async () => {
  mkdirSync(folder)
  const journal = await openJournal({ directory: data })
  for (const [session, content] of Object.entries(FILES)) {
    writeFileSync(fileOf(session), content)
    const body = { session, sha256: sha256(content), bytes: content.length, statements: 1 }
    await journal.append({ type: 'recording.finished', body }, 'process')
  }
  rmSync(fileOf('ses-c'))
  await journal.append({ type: 'recording.deleted', body: { session: 'ses-c', sha256: sha256(FILES['ses-c'] ?? ''), why: 'retention' } }, 'process')
  await journal.close()
})
afterAll(() => rmSync(data, { recursive: true }))

const verify = async () => {
  const { code, stdout } = await cli(['ledger', 'verify', '--data', data, '--recordings', folder, '--json'])
  return { code, ...JSON.parse(stdout) }
}

test('recordings that are what the ledger says are good, and one of which it says nothing is told', async () => {
  writeFileSync(fileOf('ses-elsewhere'), 'of another gateway')
  expect(await verify()).toMatchObject({ code: 0, ok: true, recordings: { good: 2, bad: [], unknown: ['ses-elsewhere'] } })
  rmSync(fileOf('ses-elsewhere'))
  expect((await cli(['ledger', 'verify', '--data', data, '--recordings', folder])).stdout).toContain('2 recordings are what the ledger says')
})

test.each([
  ['edited', 'altered', () => writeFileSync(fileOf('ses-a'), 'the fIrst')],
  ['cut', 'cut', () => writeFileSync(fileOf('ses-a'), 'the f')],
  ['lengthened', 'altered', () => writeFileSync(fileOf('ses-a'), 'the first and more')],
  ['taken away', 'missing', () => rmSync(fileOf('ses-a'))],
  ['replaced by that of another session', 'swapped', () => writeFileSync(fileOf('ses-a'), readFileSync(fileOf('ses-b')))],
])('a recording that was %s is found, and named', async (_, why, damage) => {
  damage()
  expect(await verify()).toMatchObject({ code: 1, ok: false, recordings: { good: 1, bad: [{ session: 'ses-a', why }] } })
  const { code, stdout } = await cli(['ledger', 'verify', '--data', data, '--recordings', folder])
  expect(code).toBe(1)
  expect(stdout).toContain(`the recording of ses-a is bad (${why})`)
  writeFileSync(fileOf('ses-a'), FILES['ses-a'] ?? '')
})

test('a recording that was deleted, and is there, is found', async () => {
  writeFileSync(fileOf('ses-c'), FILES['ses-c'] ?? '')
  expect(await verify()).toMatchObject({ code: 1, recordings: { good: 2, bad: [{ session: 'ses-c', why: 'still-there' }] } })
  rmSync(fileOf('ses-c'))
})

test('without a journal there is nothing to hold recordings against', async () => {
  const { code, stderr } = await cli(['ledger', 'verify', '--recordings', folder])
  expect(code).toBe(2)
  expect(stderr).toContain('--recordings needs the journal')
})
