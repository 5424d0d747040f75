import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseCheckpoint } from '@countersign/ledger/checkpoint'
import { verifierKey } from '@countersign/ledger/key'
import { parseNote, verifyNote } from '@countersign/ledger/note'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { countersign } from './support/ledger.ts'
import { lacks } from './support/needs.ts'
import { openReplicas, type Replicas } from './support/replicas.ts'

const SOON = { timeout: 30_000, interval: 200 }

/** The texts of the checkpoints that a file has. */
const witnessed = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => parseNote((JSON.parse(line) as { readonly note: string }).note).text)

describe.skipIf(lacks('psql'))('the tree over two gateways with workers on one store', { timeout: 120_000 }, () => {
  let replicas: Replicas
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-tree-'))
    replicas = await openReplicas({ workers: 2, witness: [{ file: join(folder, 'elsewhere') }] })
  })
  afterAll(async () => {
    await replicas?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const reads = async (gateway: GatewayProcess) => {
    const session = replicas.alice.psql(gateway)
    session.type('SELECT count(*) FROM orders;')
    await session.next(/^20$/m)
    await session.quit()
  }
  const checkpoint = async (gateway: GatewayProcess) => {
    const note = parseNote(await gateway.api().ledgerFile('checkpoint'))
    return { note, ...parseCheckpoint(note.text) }
  }
  const entries = async () => Number((await replicas.store('SELECT count(*) FROM countersign.ledger'))[0]?.[0])
  const exported = (gateway: GatewayProcess, to: string) =>
    countersign(['ledger', 'export', '--format', 'tiles', join(folder, to), '--data', gateway.data, '--json'])

  it('has the entries of both, and goes on when the gateway that made it is killed', async () => {
    const { a, b } = replicas
    const keys = await vi.waitFor(async () => {
      const listed = await a.api().ledgerKeys()
      expect(listed).toHaveLength(2)
      return listed
    }, SOON)
    const idOf = async (gateway: GatewayProcess) => (await gateway.api().gateway()).id
    const [first, second] = keys[0]?.gateway === (await idOf(a)) ? [a, b] : [b, a]
    expect(keys.map(({ trust }) => trust)).toEqual(['first', 'none'])
    const refused = await countersign(['ledger', 'vouch', await idOf(second), '--data', second.data])
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('its word does not count') })
    expect(await countersign(['ledger', 'vouch', await idOf(second), '--data', first.data])).toMatchObject({ code: 0 })
    await Promise.all([reads(first), reads(second)])
    const before = await vi.waitFor(async () => {
      const signed = await checkpoint(second)
      expect((await second.api().ledgerKeys()).map(({ trust }) => trust)).toEqual(['first', 'vouched'])
      expect(signed.size).toBeGreaterThanOrEqual(3)
      return signed
    }, SOON)
    expect(await exported(second, 'files')).toMatchObject({ code: 0 })

    await first.stop('SIGKILL')
    await reads(second)
    const after = await vi.waitFor(async () => {
      const signed = await checkpoint(second)
      expect(signed.size).toBe(await entries())
      expect(verifyNote(signed.note, [verifierKey(signed.origin, Buffer.from(keys[1]?.key ?? '', 'base64'))])).toHaveLength(1)
      return signed
    }, SOON)
    expect(after.origin).toBe(before.origin)
    const chains = (await replicas.store('SELECT DISTINCT gateway FROM countersign.tree_runs')).map(([gateway]) => String(gateway))
    expect(chains.filter((chain) => /-w[12]$/.test(chain)).length).toBeGreaterThanOrEqual(2)
    // Both showed theirs to the same witness, whose last one is that of whoever goes on.
    await vi.waitFor(() => expect(witnessed(join(folder, 'elsewhere'))).toEqual(expect.arrayContaining([before.note.text, after.note.text])), SOON)
    // What was exported before is the beginning of it, which the command checks.
    const more = await exported(second, 'files')
    expect(more.code).toBe(0)
    expect(JSON.parse(more.stdout)).toMatchObject({ origin: before.origin, before: expect.any(Number), size: after.size })
    expect(parseNote(readFileSync(join(folder, 'files/checkpoint'))).text).toBe(after.note.text)
    // The second signed it, for whom the first vouched in an entry that its own key covers.
    const verified = await countersign(['ledger', 'verify', join(folder, 'files'), '--key', keys[0]?.key ?? '', '--json'])
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, problems: [], entries: after.size })
    rmSync(join(folder, 'files/signed-heads'))
    expect(await countersign(['ledger', 'verify', join(folder, 'files'), '--key', keys[0]?.key ?? ''])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('unsigned'),
    })
  })

  it('comes to rest where somebody changes it in the store, and says so', async () => {
    const { a, b } = replicas
    const running = a.child.exitCode === null && a.child.signalCode === null ? a : b
    await replicas.store(`UPDATE countersign.tiles SET hashes = replace(hashes, substr(hashes, 1, 4), 'AAAA') WHERE level = 0 AND n = 0`)
    expect(await exported(running, 'files-2')).toMatchObject({ code: 1, stderr: expect.stringContaining('not exported') })
    running.child.kill('SIGTERM')
    await once(running.child, 'exit')
    const again = await startGateway(replicas.options({ data: running.data }))
    try {
      await vi.waitFor(() => expect(again.log()).toContain('is not what gateways made it'), SOON)
      expect(await again.api().whoami()).toBeTruthy()
    } finally {
      await again.stop()
    }
  })
})
