import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Cable, layCable } from './support/cable.ts'
import { Random } from './support/differential/random.ts'
import type { GatewayProcess } from './support/gateway.ts'
import { type BundledGateway, bundleGateway } from './support/killed/bundled.ts'
import { type SmallDisk, smallDisk } from './support/killed/disk.ts'
import { Lane, type LaneOptions } from './support/killed/lane.ts'
import { verify } from './support/ledger.ts'
import { lacks } from './support/needs.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'

/** How many kills; a thousand by `npm run kills`. Each is a start too, which is what takes the time. */
const KILLS = Number(process.env['KILLS'] ?? 100)
/** Says when; the moments themselves are the machine's. */
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const LANES = 2
/** Rounds with something else that goes wrong, of each kind. */
const DISTURBED = KILLS >= 1000 ? 10 : 2

/** A disk that is full has room left in the last page of each file, for as many starts as it takes to fill that with their entries. */
const STARTS_A_PAGE = 12

/** Starts until a start fails, or resolves when none does. */
async function startedOnFull(lane: Lane, disk: SmallDisk): Promise<void> {
  for (let again = 0; again < STARTS_A_PAGE; again++) {
    disk.fill(0)
    await (await lane.starts()).stop('SIGKILL')
  }
}

describe.skipIf(lacks('pgbench'))(`a gateway that is killed with -9 at random moments (SEED=${SEED})`, () => {
  let server: PostgresServer
  let cache: string
  let bundled: BundledGateway
  const lanes: Lane[] = []

  beforeAll(async () => {
    server = await startPostgres()
    cache = mkdtempSync(join(tmpdir(), 'countersign-compiled-'))
    bundled = await bundleGateway()
    const options = { server, program: bundled.program, env: { NODE_COMPILE_CACHE: cache } }
    for (let lane = 0; lane < LANES; lane++) lanes.push(await Lane.open({ ...options, name: `lane ${lane}`, random: new Random(SEED + lane) }))
    await lanes[0]?.warmUp()
  }, 60_000)

  afterAll(async () => {
    await Promise.all(lanes.map((lane) => lane.close()))
    await server?.stop()
    bundled?.remove()
    rmSync(cache, { recursive: true, force: true })
  }, 120_000)

  it(`loses no acknowledged action, runs none twice, and knows what it does not know, ${KILLS} times`, { timeout: KILLS * 60_000 }, async () => {
    const run = async (lane: Lane) => {
      while (lane.tally.kills < KILLS / LANES) expect(await lane.round()).toEqual([])
      expect(await lane.settleAll()).toEqual([])
      expect(await verify(lane.data)).toMatchObject({ ok: true })
    }
    const began = performance.now()
    await Promise.all(lanes.map(run))
    const tallies = lanes.map((lane) => ({ ...lane.tally, ...lane.recorded }))
    console.info(`${((performance.now() - began) / 1000).toFixed(0)} s`, tallies)
    const sum = (of: (tally: (typeof tallies)[number]) => number) => tallies.reduce((total, tally) => total + of(tally), 0)
    expect(sum(({ kills }) => kills)).toBeGreaterThanOrEqual(KILLS)
    expect(sum(({ acknowledged }) => acknowledged)).toBeGreaterThan(0)
    if (KILLS >= 100) expect(sum(({ unknown }) => unknown)).toBeGreaterThan(0) // of a few kills none may have met a statement that runs
  })

  /** A lane of its own, whose store is behind a cable, and so away from the disk that the journal is on. */
  async function disturbed(name: string, options: Partial<LaneOptions> = {}): Promise<{ readonly lane: Lane; readonly cable: Cable; readonly random: Random }> {
    const setup = new pg.Client(server.url('postgres'))
    await setup.connect()
    await setup.query(`CREATE DATABASE "store of ${name}"`)
    await setup.end()
    const cable = await layCable(server)
    onTestFinished(() => cable.close())
    const store = new URL(server.url(`store of ${name}`))
    store.port = String(cable.port)
    const random = new Random(SEED)
    const env = { NODE_COMPILE_CACHE: cache, STORE_URL: store.href, ...options.env }
    const lane = await Lane.open({ server, name, random, program: bundled.program, store: { url: { env: 'STORE_URL' } }, ...options, env })
    onTestFinished(() => lane.close())
    return { lane, cable, random }
  }

  async function inTheEnd(lane: Lane): Promise<void> {
    expect(await lane.settleAll()).toEqual([])
    expect(await verify(lane.data)).toMatchObject({ ok: true })
    expect(lane.tally.acknowledged).toBeGreaterThan(0)
  }

  it('while its store is down', { timeout: DISTURBED * 90_000 }, async () => {
    const { lane, cable, random } = await disturbed('down')
    for (let round = 0; round < DISTURBED; round++) {
      const during = async () => {
        await cable.pull()
        await sleep(random.below(3_000))
      }
      expect(await lane.round({ during, after: () => cable.plug() })).toEqual([])
    }
    await inTheEnd(lane)
  })

  it('while its disk is full, with which it does not start either', { timeout: DISTURBED * 90_000 }, async ({ skip }) => {
    const disk = smallDisk()
    if (!disk) return skip('only root may mount a small disk')
    onTestFinished(() => disk.close())
    const { lane, random } = await disturbed('full', { data: join(disk.folder, 'data') })
    for (let round = 0; round < DISTURBED; round++) {
      const during = async (gateway: GatewayProcess) => {
        disk.fill(random.below(16_384))
        await vi.waitFor(() => expect(gateway.log()).toMatch(/the ledger (of this worker )?cannot be written/), { timeout: 60_000 })
        await sleep(random.below(200))
      }
      const after = async () => {
        await expect(startedOnFull(lane, disk)).rejects.toThrow(/journal cannot be written: .*(ENOSPC|is the disk full)/)
        disk.empty()
      }
      expect(await lane.round({ during, after })).toEqual([])
    }
    await inTheEnd(lane)
    return undefined
  })

  it('while its clock is set back by an hour, and when it starts so', { timeout: DISTURBED * 90_000 }, async () => {
    const file = join(cache, 'back')
    const env = { CLOCK_BACK: file, NODE_OPTIONS: `--import=${new URL('support/killed/clock.ts', import.meta.url).href}` }
    const { lane, random } = await disturbed('back', { env })
    for (let round = 0; round < DISTURBED; round++) {
      const during = async () => {
        writeFileSync(file, '')
        await sleep(random.below(500))
      }
      const after = async () => {
        if (round % 2 === 0) expect(await (await lane.starts()).stop('SIGKILL')).toBeNull()
        rmSync(file)
      }
      expect(await lane.round({ during, after })).toEqual([])
    }
    await inTheEnd(lane)
  })
})
