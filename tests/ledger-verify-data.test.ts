import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseCheckpoint } from '@countersign/ledger/checkpoint'
import { parseNote } from '@countersign/ledger/note'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startGateway } from './support/gateway.ts'
import { countersign } from './support/ledger.ts'

/** A checkpoint is signed every ten seconds. */
const SIGNED = { timeout: 60_000, interval: 200 }

describe('ledger verify of a data directory', { timeout: 60_000 }, () => {
  let original: string
  let data: string
  let gateway: string

  beforeAll(async () => {
    original = mkdtempSync(join(tmpdir(), 'countersign-verify-data-'))
    data = join(original, 'data')
    const running = await startGateway({ users: { 'alice@example.com': { groups: [] } }, resources: {}, policy: '', data })
    for (let at = 0; at < 5; at++) await running.token('alice@example.com')
    const sizeIn = () => parseCheckpoint(parseNote(readFileSync(join(data, 'checkpoint'))).text).size
    await vi.waitFor(() => {
      if (sizeIn() < 7) throw new Error('not all of it is under a checkpoint yet')
    }, SIGNED)
    await running.stop()
    ;[gateway = ''] = readdirSync(join(data, 'journal')).map((name) => name.replace(/-\d+\.jsonl$/, ''))
  }, 120_000)

  afterAll(() => rmSync(original, { recursive: true, force: true }))

  const verify = async (directory: string, ...more: readonly string[]) => {
    const { code, stdout } = await countersign(['ledger', 'verify', '--data', directory, ...more], { COUNTERSIGN_GATEWAY: 'http://127.0.0.1:1' })
    return { code, stdout }
  }
  let copies = 0
  const copied = () => {
    const copy = join(original, `copy-${++copies}`)
    cpSync(data, copy, { recursive: true })
    return copy
  }
  /** What is found in a copy whose store was changed so, behind the gateway's back. */
  async function changed(...statements: readonly string[]) {
    const copy = copied()
    const database = new DatabaseSync(join(copy, 'countersign.db'))
    for (const statement of statements) expect(database.prepare(statement).run().changes).toBeGreaterThan(0)
    database.close()
    return verify(copy)
  }

  it('verifies the tree in its store too, and asks no gateway', async () => {
    const { code, stdout } = await verify(data)
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^gw-\w+: \d+ entries verified.*\n.*the tree in its store: \d+ entries verified, of countersign\/tree-/),
    })
    const told = JSON.parse((await verify(data, '--json')).stdout)
    expect(told).toMatchObject({ ok: true, chains: [{ bad: null }], tree: { ok: true, problems: [], chains: [{ gateway, counts: true }] } })
    expect(told.tree.size).toBeLessThanOrEqual(told.chains[0].entries)
  })

  it.each<[string, readonly string[], RegExp]>([
    [
      'an entry of its store that was edited',
      ["UPDATE ledger SET line = replace(line, 'token.created', 'token.creat3d') WHERE seq = 4"],
      /entry 3 is bad \(altered\)/,
    ],
    ['an entry of its store that was deleted', ['DELETE FROM ledger WHERE seq = 4'], /tile\/entries\/.* is bad \(missing\)|entry \d+ is bad/],
    ['a tile that was altered', ["UPDATE tiles SET hashes = 'AAAA' || substr(hashes, 5) WHERE level = 0"], /tile\/0\/000.* is bad \(altered\)/],
    ['a store without its checkpoints', ['DELETE FROM checkpoints'], /checkpoint is bad \(missing\)/],
    ['heads that somebody else signed', ["UPDATE ledger_heads SET signature = 'AAAA' || substr(signature, 5)"], /is bad \(unsigned\)/],
  ])('names %s', async (_name, statements, problem) => {
    expect(await changed(...statements)).toEqual({ code: 1, stdout: expect.stringMatching(problem) })
  })

  it('finds a store that was set back, by the checkpoint in the directory itself', async () => {
    const copy = copied()
    const note = readFileSync(join(copy, 'checkpoint'), 'utf8')
    const size = parseCheckpoint(parseNote(note).text).size
    writeFileSync(join(copy, 'checkpoint'), note.replace(`\n${size}\n`, `\n${size + 100}\n`))
    expect(await verify(copy)).toEqual({ code: 1, stdout: expect.stringContaining('checkpoint is bad (truncated)') })
  })

  it('finds a journal that was cut, by what its gateway signed', async () => {
    const copy = copied()
    const [name = ''] = readdirSync(join(copy, 'journal'))
    const lines = readFileSync(join(copy, 'journal', name), 'utf8')
      .trimEnd()
      .split('\n')
    writeFileSync(join(copy, 'journal', name), `${lines.slice(0, 5).join('\n')}\n`)
    expect(await verify(copy)).toEqual({ code: 1, stdout: expect.stringContaining('entry 6 is bad (gap)') })
  })

  it('says when the tree is not there to be verified', async () => {
    const copy = copied()
    for (const file of readdirSync(copy).filter((each) => each.startsWith('countersign.db'))) rmSync(join(copy, file))
    expect(JSON.parse((await verify(copy, '--json')).stdout)).toMatchObject({ ok: true, tree: { why: expect.stringContaining('its store is not here') } })
  })

  it('looks for recordings where the configuration says', async () => {
    const copy = copied()
    const config = join(original, 'countersign.yaml')
    writeFileSync(config, 'recordings: { directory: ./kept }\n')
    expect((await countersign(['ledger', 'verify', '--data', copy, '--config', config])).stderr).toContain(join(original, 'kept'))
    cpSync(join(copy, 'journal'), join(original, 'kept'), { recursive: true })
    expect((await verify(copy, '--config', config)).stdout).toContain(`${join(original, 'kept')}: 0 recordings are what the ledger says`)
    renameSync(config, `${config}.gone`)
    expect((await verify(copy, '--config', config)).code).toBe(1)
  })
})
