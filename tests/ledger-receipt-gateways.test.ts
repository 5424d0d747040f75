import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Receipt } from '@countersign/ledger/receipt'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { GatewayProcess } from './support/gateway.ts'
import { countersign, entriesOf } from './support/ledger.ts'
import { lacks } from './support/needs.ts'
import { openReplicas, type Replicas } from './support/replicas.ts'
import { held } from './support/stage.ts'

/** A checkpoint is signed every ten seconds, and a drain moves what it covers before. */
const SIGNED = { timeout: 60_000, interval: 500 }
const TEXT = "INSERT INTO ran (what) VALUES ('asked at one')"

describe.skipIf(lacks('psql'))('a request that was asked at one gateway, and approved and run through another', { timeout: 120_000 }, () => {
  let replicas: Replicas
  let folder: string
  let id: string
  /** The name of each gateway in the ledger. */
  let names: { readonly a: string; readonly b: string }

  beforeAll(async () => {
    replicas = await openReplicas()
    folder = mkdtempSync(join(tmpdir(), 'countersign-receipts-'))
    const { a, b, alice, bob } = replicas
    names = { a: entriesOf(a.data)[0]?.gateway ?? '', b: entriesOf(b.data)[0]?.gateway ?? '' }
    const here = alice.psql(a)
    here.type(`${TEXT};`)
    id = await held(here)
    here.vanish()
    await b.api(bob.token).approve({ id, comment: 'approved at the other' })
    const there = alice.psql(b)
    there.type(`${TEXT};`)
    await there.next(/INSERT 0 1\n/)
    await there.quit()
    await vi.waitFor(async () => {
      const { receipt } = await proof(b, 'from-b.json')
      if (!JSON.stringify(receipt.story).includes('"result":"done"')) throw new Error('not all of it is under a checkpoint yet')
    }, SIGNED)
  }, 120_000)

  afterAll(async () => {
    await replicas?.close()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  const file = (name: string) => join(folder, name)
  async function proof(gateway: GatewayProcess, name: string, ...more: readonly string[]) {
    const env = { COUNTERSIGN_GATEWAY: gateway.url, COUNTERSIGN_TOKEN: replicas.alice.token }
    const { code, stderr } = await countersign(['ledger', 'proof', id, '-o', file(name), ...more], env)
    if (code !== 0) throw new Error(stderr)
    return { stderr, receipt: JSON.parse(readFileSync(file(name), 'utf8')) as Receipt }
  }
  const verify = (name: string, ...more: readonly string[]) =>
    countersign(['ledger', 'verify', file(name), ...more], { COUNTERSIGN_GATEWAY: 'http://127.0.0.1:1' })

  it('has a receipt at each of them, which proves all of it and opens what that gateway sealed', async () => {
    const { stderr } = await proof(replicas.a, 'from-a.json')
    expect(stderr).toMatch(new RegExp(`not opened: request.reviewed \\(entry \\d+\\).*only ${names.b} can, while it has keys/${names.b}-000001.key`))
    const one = JSON.parse((await verify('from-a.json', '--json')).stdout)
    expect(one).toMatchObject({
      ok: true,
      story: { opened: { text: TEXT }, reviews: [{ reviewer: 'bob@example.com' }], runs: [{ outcome: { result: 'done' } }] },
    })
    expect(one.closed.map(({ gateway, key }: { gateway: string; key: string }) => [gateway, key])).toContainEqual([names.b, `${names.b}-000001`])
    expect(JSON.stringify(one.story)).not.toContain('approved at the other')

    const other = JSON.parse((await verify('from-b.json', '--json')).stdout)
    expect(other).toMatchObject({ ok: true, story: { reviews: [{ comment: 'approved at the other' }], runs: [{ text: TEXT }] } })
    const sealed = { index: expect.any(Number), event: 0, gateway: names.a, key: `${names.a}-000001` }
    expect(other.closed).toEqual([
      { ...sealed, type: 'request.opened' },
      { ...sealed, type: 'action.decided' },
    ])
    expect(other.story.opened).not.toHaveProperty('text')
  })

  it('has one that opens everything, once each of them has added to it', async () => {
    await proof(replicas.a, 'from-a.json')
    const { receipt, stderr } = await proof(replicas.b, 'whole.json', '--with', file('from-a.json'))
    expect(stderr).toBe('')
    const { stdout } = await verify('whole.json', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      unopened: 0,
      closed: [],
      story: { opened: { text: TEXT }, reviews: [{ comment: 'approved at the other' }], runs: [{ text: TEXT, outcome: { result: 'done' } }] },
    })
    expect(receipt.entries.flatMap(({ opened }) => opened).length).toBeGreaterThan(3)
    writeFileSync(file('of-another.json'), JSON.stringify({ ...receipt, request: 'req-none' }))
    await expect(proof(replicas.b, 'none.json', '--with', file('of-another.json'))).rejects.toThrow(/is the receipt of req-none/)
  })

  it('says what is closed in it, and who could open it, when one of them is gone', async () => {
    await replicas.a.stop()
    const { stderr } = await proof(replicas.b, 'alone.json')
    const closed = new RegExp(
      `not opened: request.opened \\(entry \\d+\\), action.decided \\(entry \\d+\\): only ${names.a} can, while it has keys/${names.a}-000001.key`,
    )
    expect(stderr).toMatch(closed)
    expect(await verify('alone.json')).toMatchObject({ code: 0, stdout: expect.stringMatching(closed) })
  })
})
