import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeEntry, hashEntry, parseEntry } from '@countersign/ledger/entry'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { verifyStored } from '../packages/cli/src/verify-data.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { type Kept, type KeptStores, PostgresStores, SqliteStores } from './support/kept-stores.ts'
import { countersign } from './support/ledger.ts'

const SOON = { timeout: 30_000, interval: 100 }
const noGateway = { COUNTERSIGN_GATEWAY: 'http://127.0.0.1:1' }

const open: Readonly<Record<'SQLite' | 'PostgreSQL', () => KeptStores | Promise<PostgresStores>>> = {
  SQLite: () => new SqliteStores(),
  PostgreSQL: () => PostgresStores.open(),
}

const start = (stores: KeptStores, kept: Kept) =>
  startGateway({ users: { 'alice@example.com': { groups: [] } }, resources: {}, policy: '', ...stores.gateway(kept) })

/** Its entries grow by `tokens` and by what a start and an end are; all of them but the last are under a checkpoint when it has stopped. */
async function grow(stores: KeptStores, kept: Kept, tokens: number, during: (gateway: GatewayProcess) => Promise<void> = async () => {}): Promise<Kept> {
  const gateway = await start(stores, kept)
  try {
    const before = (await gateway.api().ledgerState()).size
    for (let at = 0; at < tokens; at++) await gateway.token('alice@example.com')
    await vi.waitFor(async () => expect((await gateway.api().ledgerState()).size).toBeGreaterThanOrEqual(before + tokens), SOON)
    await during(gateway)
  } finally {
    await gateway.stop()
  }
  return kept
}

async function verify(stores: KeptStores, kept: Kept, ...more: readonly string[]) {
  const { args, env } = stores.verifier(kept)
  const { code, stdout, stderr } = await countersign(['ledger', 'verify', '--data', kept.data, ...args, ...more], { ...noGateway, ...env })
  return { code, stdout, stderr }
}

describe.each(Object.entries(open))('ledger verify of a data directory whose store is in %s', { timeout: 60_000 }, (name, openStores) => {
  let stores: KeptStores
  /** The same gateway early, later, and as it might have gone on from early otherwise. */
  let early: Kept
  let later: Kept
  let forked: Kept
  let gateway: string

  beforeAll(async () => {
    stores = await openStores()
    const original = await grow(stores, await stores.create(), 5)
    if (stores instanceof PostgresStores) await stores.admit(original)
    early = await stores.combine(original)
    later = await grow(stores, original, 3)
    forked = await grow(stores, await stores.combine(early), 9)
    ;[gateway = ''] = readdirSync(join(later.data, 'journal')).map((name) => name.replace(/-\d+\.jsonl$/, ''))
  }, 120_000)

  afterAll(() => stores?.close())

  /** What is found in a copy whose store was changed so, behind the gateway's back. */
  async function changed(...statements: readonly string[]): Promise<string> {
    const copy = await stores.combine(later)
    await stores.change(copy, statements)
    const { tree } = await verifyStored(copy.data, stores.verifier(copy).place, [gateway], {})
    return tree?.problems.map(({ why, place, message }) => `${place} is bad (${why}): ${message}`).join('\n') ?? 'it was not verified'
  }

  it('verifies the tree in its store too, and asks no gateway', async () => {
    const { code, stdout } = await verify(stores, later)
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^gw-\w+: \d+ entries verified.*\n.*the tree in its store: \d+ entries verified, of countersign\/tree-/),
    })
    const told = JSON.parse((await verify(stores, later, '--json')).stdout)
    expect(told).toMatchObject({ ok: true, chains: [{ bad: null }], tree: { ok: true, problems: [], chains: [{ gateway, counts: true }] } })
    expect(told.tree.size).toBe(told.tree.entries)
    // What it wrote last, before it stopped, may not be in the store.
    expect(told.chains[0].entries - told.tree.entries - told.tree.beyond).toBeOneOf([0, 1, 2, 3])
  })

  it('verifies it while the gateway runs and writes', async () => {
    const running = await stores.combine(later)
    await grow(stores, running, 2, async (gateway) => {
      const writing = Array.from({ length: 20 }, () => gateway.token('alice@example.com'))
      const verifying = verify(stores, running)
      await Promise.all(writing)
      expect(await verifying).toMatchObject({ code: 0 })
    })
  })

  const edit = (where: string) => `UPDATE ledger SET line = replace(line, '"type":"', '"type":"x-') WHERE ${where}`
  const last = '(SELECT max(seq) FROM ledger)'

  it.each<[string, readonly string[], RegExp]>([
    ['an entry that was edited', [edit('seq = 4')], /entry 3 is bad \(altered\)/],
    ['an entry that was deleted', ['DELETE FROM ledger WHERE seq = 4'], /tile\/entries\/.* is bad \(missing\)|entry \d+ is bad/],
    [
      'two entries that were swapped',
      ['UPDATE ledger SET seq = 0 - seq WHERE seq IN (3, 4)', 'UPDATE ledger SET seq = seq + 7 WHERE seq IN (-3, -4)'],
      /entry 2 is bad \(altered\)[\s\S]*entry 3 is bad \(altered\)/,
    ],
    ['a tile that was altered', ["UPDATE tiles SET hashes = 'AAAA' || substr(hashes, 5) WHERE level = 0"], /tile\/0\/000.* is bad \(altered\)/],
    ['a tile that was cut', ['UPDATE tiles SET hashes = substr(hashes, 1, 44) WHERE level = 0'], /tile\/0\/000.* is bad \(missing\)/],
    ['a tile that was deleted', ['DELETE FROM tiles WHERE level = 0'], /tile\/0\/000.* is bad \(missing\)/],
    ['an order that was changed', ['UPDATE tree_runs SET seq = seq + 1 WHERE start = 0'], /is bad \((altered|missing)\)/],
    [
      'a checkpoint that was edited',
      ["UPDATE checkpoints SET note = replace(note, 'unwitnessed 0 never', 'unwitnessed 9 never')"],
      /checkpoint is bad \(unsigned\)/,
    ],
    ['a store without its checkpoints', ['DELETE FROM checkpoints'], /checkpoint is bad \(missing\)/],
    ['a checkpoint that is none', ["UPDATE checkpoints SET note = 'x'"], /checkpoint is bad \(unreadable\)/],
    ['heads that somebody else signed', ["UPDATE ledger_heads SET signature = 'AAAA' || substr(signature, 5)"], /is bad \(unsigned\)/],
    ['the last entry that was edited', [edit(`seq = ${last}`)], /entry \d+( of gw-\w+)? is bad \((altered|unsigned)\)/],
    ['a tail that was cut', [`DELETE FROM ledger WHERE seq = ${last}`], /is bad \((truncated|missing)\)/],
  ])('names %s', async (_case, statements, problem) => {
    expect(await changed(...statements)).toMatch(problem)
  })

  it('finds a store that was set back, or went on otherwise, by the checkpoint in the directory itself', async () => {
    expect(await verify(stores, await stores.combine(early))).toMatchObject({ code: 0 })
    expect(await verify(stores, await stores.combine(later, early))).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('checkpoint is bad (truncated)'),
    })
    expect(await verify(stores, await stores.combine(later, forked))).toMatchObject({ code: 1, stdout: expect.stringContaining('checkpoint is bad (forked)') })
  })

  it('takes the checkpoint in the directory for the last, where its gateway was killed before the store had it', async () => {
    const copy = await stores.combine(later)
    await stores.change(copy, ['DELETE FROM checkpoints WHERE size = (SELECT max(size) FROM checkpoints)'])
    expect(await verify(stores, copy)).toMatchObject({ code: 0, stdout: expect.stringContaining('it continues the checkpoint that its gateway keeps') })
  })

  it('finds the same by a checkpoint that was kept elsewhere, whatever else was set back', async () => {
    const [kept, other] = [join(later.data, '../kept-checkpoint'), join(later.data, '../other-checkpoint')]
    for (const file of [kept, other]) expect(await verify(stores, later, '--remember', file)).toMatchObject({ code: 0 })
    expect(await verify(stores, early, '--remember', kept)).toMatchObject({ code: 1, stdout: expect.stringContaining('checkpoint is bad (truncated)') })
    expect(await verify(stores, forked, '--remember', other)).toMatchObject({ code: 1, stdout: expect.stringContaining('checkpoint is bad (forked)') })
  })

  it('finds a journal that was cut, by what its gateway signed', async () => {
    const copy = await stores.combine(later)
    const [file = ''] = readdirSync(join(copy.data, 'journal'))
    const lines = readFileSync(join(copy.data, 'journal', file), 'utf8')
      .trimEnd()
      .split('\n')
    writeFileSync(join(copy.data, 'journal', file), `${lines.slice(0, 5).join('\n')}\n`)
    expect(await verify(stores, copy)).toMatchObject({ code: 1, stdout: expect.stringContaining('entry 6 is bad (gap)') })
  })
  it('names an entry that was added where no checkpoint is yet', async () => {
    const [file = ''] = readdirSync(join(later.data, 'journal'))
    const line =
      readFileSync(join(later.data, 'journal', file), 'utf8')
        .trimEnd()
        .split('\n')
        .at(-1) ?? ''
    const { seq, at } = parseEntry(line)
    const added = encodeEntry({ v: 1, gateway, seq: seq + 1, prev: hashEntry(line), at, type: 'token.created', body: {} })
    const found = await changed(`INSERT INTO ledger (gateway, seq, line) VALUES ('${gateway}', ${seq + 1}, '${added}')`)
    expect(found).toContain(`entry ${seq + 1} of ${gateway} is bad (unsigned): nothing that ${gateway} signed covers its entry ${seq + 1}`)
  })

  it.runIf(name === 'SQLite')('says when the tree is not there to be verified, and that it is gone where it has to be there', async () => {
    const { data } = await stores.combine(later)
    for (const file of readdirSync(data).filter((each) => each.startsWith('countersign.db'))) rmSync(join(data, file))
    const kept = { data, database: '' }
    expect(JSON.parse((await verify(stores, kept, '--json')).stdout)).toMatchObject({
      ok: true,
      tree: { why: expect.stringContaining('its store is not here') },
    })
    const config = join(data, 'countersign.yaml')
    writeFileSync(config, 'store: sqlite\n')
    expect(await verify(stores, kept, '--config', config)).toMatchObject({ code: 1, stdout: expect.stringContaining('checkpoint is bad (missing)') })
  })

  it.runIf(name === 'SQLite')('looks for recordings where the configuration says', async () => {
    const copy = await stores.combine(later)
    const [config, kept] = [join(copy.data, '../countersign.yaml'), join(copy.data, '../recordings')]
    writeFileSync(config, 'recordings: { directory: ./recordings }\n')
    expect((await verify(stores, copy, '--config', config)).stderr).toContain(kept)
    cpSync(join(copy.data, 'journal'), kept, { recursive: true })
    expect((await verify(stores, copy, '--config', config)).stdout).toContain(`${kept}: 0 recordings are what the ledger says`)
    renameSync(config, `${config}.gone`)
    expect((await verify(stores, copy, '--config', config)).code).toBe(1)
  })

  it.runIf(name === 'PostgreSQL')('names an entry of another gateway on the same store, which nobody vouches for, in the tree and before it is', async () => {
    const both = await stores.combine(later)
    const other = await start(stores, { ...both, data: join(later.data, '../another-gateway') })
    await other.token('alice@example.com')
    await other.stop()
    const spoiled = async (at: RegExp) => {
      expect(await verify(stores, both)).toMatchObject({ code: 0 })
      const copy = await stores.combine(both)
      await stores.change(copy, [edit(`gateway <> '${gateway}' AND seq = 2`)])
      expect(await verify(stores, copy)).toMatchObject({ code: 1, stdout: expect.stringMatching(at) })
    }
    await spoiled(/entry [23] of gw-\w+ is bad/)
    await grow(stores, both, 1)
    await spoiled(/: entry \d+ is bad \(altered\)/)
    expect((await verify(stores, both)).stdout).toMatch(/nobody vouches for gw-/)
  })

  it.runIf(name === 'PostgreSQL')('finds that the tables are gone, and says where to look without a configuration', async () => {
    const copy = await stores.combine(later)
    await stores.change(copy, ['DROP SCHEMA countersign CASCADE'])
    expect(await verify(stores, copy)).toMatchObject({ code: 1, stdout: expect.stringContaining('checkpoint is bad (missing)') })
    const { code, stderr } = await countersign(['ledger', 'verify', '--data', copy.data], noGateway)
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('--config countersign.yaml says where') })
  })

  it.runIf(name === 'PostgreSQL')('says why a store cannot be read, and nothing of its password', async () => {
    const { args, env } = stores.verifier(later)
    const url = new URL(env['LEDGER_STORE'] ?? '')
    const at = (change: Partial<URL>) => Object.assign(new URL(url), change).href
    await stores.change(later, ['REVOKE SELECT ON countersign.tiles FROM auditor'])
    for (const [address, told] of [
      ['', /the environment variable LEDGER_STORE, which is not set/],
      ['mysql://somewhere', /which holds no postgres:\/\/ address/],
      ['postgres://a b', /address cannot be read/],
      [at({ port: '1' }), /cannot be read: .*ECONNREFUSED/],
      [at({ password: 'canary-of-nobody' }), /cannot be read: password authentication failed/],
      [url.href, /cannot be read: permission denied for table tiles[\s\S]*needs USAGE of the schema countersign and SELECT/],
    ] as const) {
      const { code, stdout, stderr } = await countersign(['ledger', 'verify', '--data', later.data, ...args], { ...noGateway, LEDGER_STORE: address })
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(told) })
      expect(stdout + stderr).not.toContain('canary')
    }
  })
})
