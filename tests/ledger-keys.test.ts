import { KeyHistory } from '@countersign/ledger/key-history'
import { parseEntry } from '@countersign/ledger/entry'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openStore } from '../packages/gateway/src/store/open.ts'
import { WORKERS } from './support/gateway.ts'
import { countersign } from './support/ledger.ts'
import { lacks } from './support/needs.ts'
import { POLICY } from './support/replicas.ts'
import { openStage, type Stage } from './support/stage.ts'

/** The entries of a busy moment are moved a little later. */
const PATIENT = { timeout: 10_000 }

describe.skipIf(lacks('psql'))('the key that a gateway signs its ledger with', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
  })

  afterAll(() => stage?.close())

  async function work(text: string): Promise<void> {
    const session = stage.alice.psql()
    session.type(text)
    await session.next(/^1$/m)
    await session.quit()
  }

  it('is rotated while sessions work, by an admin, and every entry has a key that vouches for it', async () => {
    const { gateway, alice } = stage
    await work('SELECT 1;')
    await expect(alice.api.rotateSigningKey()).rejects.toThrow(/rotated by admins/)
    const { code, stdout, stderr } = await countersign(['ledger', 'rotate-key', '--data', gateway.data, '--json'])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const rotated: unknown = JSON.parse(stdout)
    await work('SELECT 1;')

    const store = await openStore({ store: { kind: 'sqlite' }, data: gateway.data })
    try {
      await vi.waitFor(async () => {
        const heads = await store.ledger.heads()
        const signed = await Promise.all(heads.map(async ({ gateway: chain }) => (await store.ledger.signedHeads(chain, 1, 10_000)).at(-1)))
        expect(signed.map((head) => head?.seq)).toEqual(heads.map(({ seq }) => seq))
        expect(heads).toHaveLength(WORKERS > 1 ? WORKERS + 1 : 1)
        const own = heads[0]?.gateway ?? ''
        const history = new KeyHistory()
        for (const { line } of await store.ledger.read(own, 1, 10_000)) expect(history.read(parseEntry(line))).toBeNull()
        expect(rotated).toEqual({ gateway: own, previous: history.keys[0], key: history.keys[1] })
        for (const head of signed) expect(head && history.vouchesFor(head)).toBe(true)
      }, PATIENT)
    } finally {
      await store.close()
    }
  })
})
