import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { smallDisk } from './support/killed/disk.ts'
import { countersign, verify } from './support/ledger.ts'
import { lacks } from './support/needs.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'
import type { Psql } from './support/psql.ts'
import { POLICY } from './support/replicas.ts'
import { openStage, type Stage } from './support/stage.ts'

/** The store is a PostgreSQL of its own, so that only the journal's file meets the limit. */
/** Only root may mount one; the limit of a file's size is the same to the gateway, and anybody can set it. */
const disk = process.platform === 'linux' ? smallDisk() : null
afterAll(() => disk?.close())

describe.skipIf(lacks('psql') || process.platform !== 'linux').each(['a file may not grow', ...(disk ? ['its disk is full'] : [])])(
  'a ledger that cannot be written because %s',
  (how) => {
    const full = how === 'its disk is full' ? disk : null
    let store: PostgresServer
    let stage: Stage
    let other: Psql

    beforeAll(async () => {
      store = await startPostgres()
      stage = await openStage({ policy: POLICY, store: store.url('postgres'), ...(full && { data: join(full.folder, 'data') }) })
    })

    afterAll(async () => {
      await stage?.close()
      await store?.stop()
    })

    /** No file of the gateway's grows beyond what the journal has now: to it the disk is full. */
    function fillDisk(): void {
      if (full) return full.fill(0)
      const folder = join(stage.gateway.data, 'journal')
      const size = Math.max(...readdirSync(folder).map((name) => statSync(join(folder, name)).size))
      execFileSync('prlimit', ['--pid', String(stage.gateway.child.pid), `--fsize=${size + 100}:`])
    }

    it('refuses every action and says why, everywhere', async () => {
      const { alice, bob, gateway } = stage
      const open = alice.psql()
      open.type('SELECT 1;')
      await open.next(/^1$/m)
      other = alice.psql()
      other.type('SELECT 1;')
      await other.next(/^1$/m)
      fillDisk()

      open.type(`SELECT 'not ' || 'read' /* ${'longer than the room in the last page '.repeat(300)} */;`)
      await open.next(/ERROR: {2}the ledger cannot be written, so nothing is allowed/)
      open.type("SELECT 'not ' || 'read';")
      await open.next(/ERROR: {2}the ledger cannot be written, so nothing is allowed: .*\nHINT: {2}An operator must look at the gateway\./)
      const { stdout, code } = await open.quit()
      expect(stdout).not.toContain('not read')
      expect(code).toBe(0)

      const { stderr } = await alice.psql().quit()
      expect(stderr).toMatch(/FATAL: {2}the ledger cannot be written, so nothing is allowed/)
      await expect(alice.api.ask({ resource: 'db', action: 'DELETE FROM orders WHERE id = 1' })).rejects.toThrow(
        /cannot record what happens, so nothing was done/,
      )
      expect(await bob.api.requests({ inbox: true })).toEqual([])

      const ready = await fetch(`${gateway.url}/readyz`)
      expect(ready.status).toBe(503)
      expect(await ready.json()).toMatchObject({ ready: false, checks: { store: 'ok', ledger: expect.stringMatching(/the journal cannot be written/) } })
      expect(await (await fetch(`${gateway.url}/metrics`)).text()).toMatch(/^countersign_ledger_broken 1$/m)
      const told = await countersign(['token', 'create', '--user', 'alice@example.com', '--data', gateway.data])
      expect(told.code).toBe(1)
      expect(told.stderr).toContain('the gateway cannot record what happens, so nothing was done')
      expect(gateway.log()).toMatch(/"level":60.*the ledger cannot be written: every action is refused/)
    })

    it('still takes access away', async () => {
      const [session] = await stage.erin.api.sessions({ live: true })
      // It is done first, and only then found that it cannot be recorded.
      await expect(stage.erin.api.revoke({ id: session?.grant ?? '', reason: 'no record' })).rejects.toThrow(/cannot record/)
      // psql reads only what follows a statement of its own, so it would not see an end that came behind the answer.
      await vi.waitFor(async () => expect(await stage.erin.api.sessions({ live: true })).toEqual([]), 10_000)
      other.type('SELECT 1;')
      await other.next(/FATAL: {2}terminating connection: .* was revoked by erin@example.com: no record/)
      await other.quit()
      expect(await stage.erin.api.grants({ live: true })).toEqual([])
    })

    it('has nothing but whole entries before the one that was cut off, and the gateway stops all the same', async () => {
      const { chains } = await verify(stage.gateway.data)
      expect(chains.map(({ bad }) => bad?.why ?? 'torn')).toEqual(['torn']) // or whole
      expect(await stage.gateway.stop()).toBe(0)
    })
  },
)
