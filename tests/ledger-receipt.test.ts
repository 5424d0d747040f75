import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { countersign } from './support/ledger.ts'
import { lacks } from './support/needs.ts'
import { POLICY } from './support/replicas.ts'
import { held, openStage, type Stage } from './support/stage.ts'

/** A checkpoint is signed every ten seconds, and a drain moves what it covers before. */
const SIGNED = { timeout: 60_000, interval: 500 }

describe.skipIf(lacks('psql'))('the receipt of a request', { timeout: 120_000 }, () => {
  let stage: Stage
  let folder: string
  let id: string
  let receipt: string

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
    folder = mkdtempSync(join(tmpdir(), 'countersign-receipt-'))
    receipt = join(folder, 'receipt.json')
    const session = stage.alice.psql('db', [], { PGOPTIONS: '-c countersign.reason=INC-7' })
    session.type('UPDATE orders SET status = $$paid$$ WHERE id = 1;')
    id = await held(session)
    await stage.bob.api.approve({ id, comment: 'matches INC-7' })
    await session.next(/UPDATE 1\n/)
    await session.quit()
    await vi.waitFor(async () => {
      if (!(await isComplete())) throw new Error('not all of it is under a checkpoint yet')
    }, SIGNED)
  }, 120_000)

  afterAll(async () => {
    await stage?.close()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  const token = (person: 'alice' | 'bob' | 'carol') => ({ COUNTERSIGN_GATEWAY: stage.gateway.url, COUNTERSIGN_TOKEN: stage[person].token })
  /** The outcome is under a checkpoint too. */
  const isComplete = async () => {
    const { code } = await countersign(['ledger', 'proof', id, '-o', receipt], token('alice'))
    return code === 0 && JSON.parse(readFileSync(receipt, 'utf8')).story.runs[0]?.outcome?.result === 'done'
  }
  // Nothing of a gateway: neither its address, nor a token, nor its directory.
  const verify = (path: string, ...more: readonly string[]) => countersign(['ledger', 'verify', path, ...more], { COUNTERSIGN_GATEWAY: 'http://127.0.0.1:1' })
  const rewritten = (from: RegExp | string, to: string) => {
    const text = readFileSync(receipt, 'utf8')
    expect(text.replace(from, to)).not.toBe(text)
    const path = join(folder, 'rewritten.json')
    writeFileSync(path, text.replace(from, to))
    return path
  }

  it('tells what was asked, by which policy, who approved it and what came of it, and needs no gateway to be verified', async () => {
    const { code, stdout } = await verify(receipt, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      unopened: 0,
      problems: [],
      story: {
        request: id,
        opened: { requester: 'alice@example.com', text: 'UPDATE orders SET status = $$paid$$ WHERE id = 1', reason: 'INC-7', state: { database: 'postgres' } },
        reviews: [{ reviewer: 'bob@example.com', verdict: 'approve', comment: 'matches INC-7', proven: false, signature: null }],
        outcome: { is: 'approved' },
        grants: [{ approvers: ['bob@example.com'], ended: null }],
        runs: [{ text: 'UPDATE orders SET status = $$paid$$ WHERE id = 1', outcome: { result: 'done', summary: 'UPDATE 1', rows: 1 } }],
      },
    })
    const { policy } = JSON.parse(readFileSync(receipt, 'utf8'))
    expect(policy.files).toEqual([expect.objectContaining({ text: POLICY })])
    expect((await verify(receipt)).stdout).toMatch(/is good: \d+ entries are in countersign\/tree-.*\n.*asked by "alice@example.com"/)
  })

  it('is verified with the key that somebody knows, and with no other', async () => {
    const keys = JSON.parse((await countersign(['ledger', 'keys', '--data', stage.gateway.data, '--json'])).stdout)
    expect(await verify(receipt, '--key', keys[0].key)).toMatchObject({ code: 0, stdout: expect.stringContaining('the key that you named') })
    const other = await verify(receipt, '--key', Buffer.alloc(32, 7).toString('base64'))
    expect(other).toMatchObject({ code: 1, stdout: expect.stringContaining('checkpoint is bad (unsigned)') })
  })

  it.each([
    ['the text', /"text":"UPDATE orders SET status = \$\$paid\$\$ WHERE id = 1"/, '"text":"UPDATE orders SET status = $$$$free$$$$"', 'altered'],
    ['the reviewer', '"reviewer":"bob@example.com"', '"reviewer":"carol@example.com"', 'altered'],
    ['an entry', /\\"type\\":\\"request.approved\\"/, '\\"type\\":\\"request.denied\\"', 'altered'],
    ['a proof', /"proof":\["[A-Za-z0-9]{4}/, '"proof":["AAAA', 'altered'],
    ['the policy', 'permit (', 'permit(', 'altered'],
    ['the checkpoint', /"checkpoint":"countersign\/tree-../, '"checkpoint":"countersign/tree-zz', 'unsigned'],
  ])('is not believed with %s rewritten', async (_name, from, to, why) => {
    const { code, stdout } = await verify(rewritten(from, to))
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(new RegExp(`is bad \\(${why}\\)`)) })
  })

  it('is no word about a tree of another size, and says so', async () => {
    const remembered = join(folder, 'of-another-size')
    expect(await verify(receipt, '--remember', remembered)).toMatchObject({ code: 0 })
    expect((await verify(receipt, '--remember', remembered)).stdout).toContain(`its tree is the one in ${remembered}`)
    const note = readFileSync(remembered, 'utf8').replace(/\n\d+\n/, '\n3\n')
    writeFileSync(remembered, note)
    expect(await verify(receipt, '--remember', remembered)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/no receipt can show that the \d+ begin with the 3/),
    })
    expect(JSON.parse((await verify(receipt, '--remember', remembered, '--json')).stdout)).toMatchObject({ ok: true, sameTree: null })
    // What was remembered is not given up for a tree that may be another.
    expect(readFileSync(remembered, 'utf8')).toBe(note)
    writeFileSync(remembered, note.replace(/tree-../, 'tree-zz'))
    expect(await verify(receipt, '--remember', remembered)).toMatchObject({ code: 1, stdout: expect.stringContaining('is bad (forked)') })
  })

  it('is for who took part', async () => {
    expect((await countersign(['ledger', 'proof', id, '--json'], token('bob'))).code).toBe(0)
    expect((await countersign(['ledger', 'proof', id, '--json'], token('carol'))).code).not.toBe(0)
  })

  it('goes with the exported ledger, which verify finds whole, and names what was edited in it', async () => {
    const files = join(folder, 'files')
    const remembered = join(folder, 'remembered')
    expect((await countersign(['ledger', 'export', '--format', 'tiles', files, '--data', stage.gateway.data])).code).toBe(0)
    expect(await verify(files, '--remember', remembered)).toMatchObject({ code: 0, stdout: expect.stringContaining('entries verified') })
    expect((await verify(files, '--remember', remembered)).stdout).toContain('it continues the checkpoint')
    const [bundle = ''] = readdirSync(join(files, 'tile/entries'), { recursive: true, encoding: 'utf8' }).filter(
      (name) => /\d$/.test(name) && !name.endsWith('.p'),
    )
    const path = join(files, 'tile/entries', bundle)
    const bytes = readFileSync(path)
    writeFileSync(path, Buffer.from(bytes.toString('latin1').replace('gateway.started', 'gateway.stopped'), 'latin1'))
    expect(await verify(files)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/entry \d+ is bad \(altered\): entry \d+ is not the one that was signed in its place/),
    })
    writeFileSync(path, bytes)
    // A tree that is shorter than the one that was seen.
    const note = readFileSync(remembered, 'utf8')
    writeFileSync(
      remembered,
      note.replace(/\n(\d+)\n/, (_, size: string) => `\n${Number(size) + 1}\n`),
    )
    expect(await verify(files, '--remember', remembered)).toMatchObject({ code: 1, stdout: expect.stringContaining('checkpoint is bad (truncated)') })
  })
})
