import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseEntry } from '@countersign/ledger/entry'
import { KeyHistory } from '@countersign/ledger/key-history'
import { describe, expect, it, onTestFinished } from 'vitest'
import { drainInto } from '../../src/journal/drain.ts'
import { openJournal } from '../../src/journal/open.ts'
import { rotateSigningKey } from '../../src/ledger/rotation.ts'
import { nameOf, openSigningKey } from '../../src/ledger/signer.ts'
import { SigningKey } from '../../src/ledger/signing-key.ts'
import { openStore } from '../../src/store/open.ts'
import { linesOf, newDirectory } from '../journal/directory.ts'

/** A gateway with a worker of its own and one that is not configured any more. */
async function setup() {
  const config = { store: { kind: 'sqlite' }, data: newDirectory() } as const
  const store = await openStore(config)
  onTestFinished(() => store.close())
  const journal = await openJournal({ directory: config.data })
  const key = new SigningKey(await openSigningKey(config.data, journal))
  const running = await openJournal({ directory: config.data, worker: 1 })
  const retired = await openJournal({ directory: config.data, worker: 2 })
  for (let count = 0; count < 5; count += 1)
    for (const one of [journal, running, retired]) await one.append({ type: 'action.decided', body: { count } }, 'process')
  await retired.close()
  const drains = [journal, running].map((one) => drainInto(config, one, key, { everyMs: 60_000, batch: 3 }))
  const close = async () => {
    for (const drain of drains) await drain.stop()
    await Promise.all([journal.close(), running.close()])
  }
  onTestFinished(close)
  const flush = () => Promise.all(drains.map((drain) => drain.flush()))
  return { config, store, journal, running, key, close, flush, rotate: () => rotateSigningKey({ config, journal, key, drains: () => drains }) }
}

async function historyOf(directory: string, gateway: string): Promise<KeyHistory> {
  const history = new KeyHistory()
  for (const line of await linesOf(directory, gateway)) expect(history.read(parseEntry(line))).toBeNull()
  return history
}

describe('rotating the signing key', { timeout: 60_000 }, () => {
  it('leaves a chain of keys, of which each vouches for what it signed, in every chain', async () => {
    const { config, store, journal, running, key, flush, rotate } = await setup()
    const first = nameOf(key)
    const rotated = await rotate()
    expect(rotated).toEqual({ gateway: journal.gateway, key: nameOf(key), previous: first })
    expect(nameOf(key)).not.toBe(first)
    for (const one of [journal, running]) await one.append({ type: 'action.decided', body: {} }, 'process')
    await flush()

    const history = await historyOf(config.data, journal.gateway)
    expect(history.keys).toEqual([first, nameOf(key)])
    for (const { gateway, seq } of await store.ledger.heads()) {
      const heads = await store.ledger.signedHeads(gateway, 1, 100)
      expect(heads.at(-1)?.seq).toBe(seq)
      expect(heads.filter((head) => !history.vouchesFor(head))).toEqual([])
      expect(heads.at(-1)?.key).toBe(gateway.endsWith('-w2') ? first : nameOf(key))
    }
    expect((await store.ledger.heads()).map(({ seq }) => seq)).toEqual([8, 6, 5])
  })

  it('is the key of the next start, and the one before is gone', async () => {
    const { config, journal, key, close, rotate } = await setup()
    await rotate()
    await close()
    expect(readdirSync(join(config.data, 'keys')).filter((name) => name.includes('signing'))).toEqual([`${journal.gateway}-signing.pem`])
    const again = await openJournal({ directory: config.data })
    onTestFinished(() => again.close())
    expect(nameOf(new SigningKey(await openSigningKey(config.data, again)))).toBe(nameOf(key))
  })

  it('does not happen while the store takes nothing', async () => {
    const { config, journal, key, rotate } = await setup()
    const first = nameOf(key)
    const lock = new DatabaseSync(join(config.data, 'countersign.db'))
    lock.exec('BEGIN EXCLUSIVE')
    await expect(rotate()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringMatching(/rotated when all entries are in the store.*locked/) })
    lock.close()
    expect(nameOf(key)).toBe(first)
    await rotate()
    expect((await historyOf(config.data, journal.gateway)).keys).toEqual([first, nameOf(key)])
  })

  it('that a crash cut short before its entry was written leaves the key as it was', async () => {
    const { config, journal, key, close } = await setup()
    await close()
    const other = await setup()
    const stray = readdirSync(join(other.config.data, 'keys')).find((name) => name.includes('signing')) ?? ''
    const pem = readFileSync(join(other.config.data, 'keys', stray))
    writeFileSync(join(config.data, 'keys', `${journal.gateway}-signing-next.pem`), pem)
    const again = await openJournal({ directory: config.data })
    onTestFinished(() => again.close())
    expect(nameOf(new SigningKey(await openSigningKey(config.data, again)))).toBe(nameOf(key))
    expect(readdirSync(join(config.data, 'keys')).filter((name) => name.includes('next'))).toEqual([])
  })

  it('that a crash cut short after its entry was written is ended by the next start', async () => {
    const { config, journal, key, close, rotate } = await setup()
    const path = join(config.data, 'keys', `${journal.gateway}-signing.pem`)
    const before = readFileSync(path)
    await rotate()
    await close()
    writeFileSync(path.replace('signing', 'signing-next'), readFileSync(path))
    writeFileSync(path, before)
    const again = await openJournal({ directory: config.data })
    onTestFinished(() => again.close())
    expect(nameOf(new SigningKey(await openSigningKey(config.data, again)))).toBe(nameOf(key))
  })
})
