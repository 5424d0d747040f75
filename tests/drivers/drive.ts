import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ProgramName } from '../../scripts/programs.ts'
import { leftovers } from '../support/aftermath.ts'
import { lacks } from '../support/needs.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { type Behaviour, type BehaviourName, BEHAVIOURS, type Seat } from './behaviours.ts'
import { cellsOf } from './page.ts'

/** A client of PostgreSQL, and how it is put before the gateway. */
export interface Driver {
  /** The head of its column in docs/drivers.md. */
  readonly name: string
  readonly needs: readonly ProgramName[]
  /** What it has no way to do, and why; everything else is run. */
  readonly lacks: Partial<Record<BehaviourName, string>>
  sit(place: Place): Promise<Seat>
}

/** Where a client connects to, and as whom. The token is its password. */
export interface Place {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly token: string
  /** The gateway's own certificate, and a CA that has not signed it: files. */
  readonly certificate: string
  readonly stranger: string
  readonly stage: Stage
}

/** `db` allows everything; in `reviewed` a write is held. */
const POLICY = `
@id("works") permit (principal, action in [Action::"connect", Action::"sql"], resource == Resource::"db");
@id("reads") permit (principal, action in [Action::"connect", Action::"sql:session", Action::"sql:read"], resource == Resource::"reviewed");
@id("writes") @review("dba") permit (principal, action == Action::"sql:write", resource == Resource::"reviewed");
`
const SEED = `
  CREATE TABLE checked (n int CONSTRAINT positive CHECK (n > 0));
  CREATE TABLE copied (n int, t text);
  CREATE TABLE batched (n int);
`

/** Runs every behaviour in the driver, and holds its column of docs/drivers.md against what ran. */
export function drive(driver: Driver): void {
  const ran = new Map<BehaviourName, number[]>()
  const names = Object.keys(BEHAVIOURS) as BehaviourName[]
  const missing = driver.needs.some(lacks)

  describe.skipIf(missing).each([18, 15] as const)(`${driver.name} against PostgreSQL %i`, (version) => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-driver-'))
    let stage: Stage
    let seat: Seat

    beforeAll(async () => {
      stage = await openStage({ policy: POLICY, version, seed: SEED, resources: { db: {}, reviewed: {} } })
      const stranger = join(folder, 'stranger.pem')
      writeFileSync(stranger, rootCertificates[0] ?? '')
      const { user, token } = stage.alice
      seat = await driver.sit({ ...stage.gateway.postgres, user, token, certificate: join(stage.gateway.data, 'tls', 'cert.pem'), stranger, stage })
    })

    afterAll(async () => {
      await seat?.close()
      await stage?.close()
      rmSync(folder, { recursive: true, force: true })
    })

    for (const name of names.filter((each) => driver.lacks[each] === undefined)) {
      const behaviour: Behaviour = BEHAVIOURS[name]
      it(`row: ${behaviour.title}`, async () => {
        expect(await (behaviour.watch?.(stage, seat) ?? seat.run(name))).toEqual(behaviour.reports)
        ran.set(name, [...(ran.get(name) ?? []), version])
      })
    }

    it('leaves nothing behind', async () => {
      await seat.close()
      expect(await leftovers(stage)).toEqual([])
    })
  })

  it.skipIf(missing)(`${driver.name} has in docs/drivers.md what ran here`, () => {
    const cell = (name: BehaviourName) => (driver.lacks[name] === undefined ? (ran.get(name) ?? []).join(', ') : `– ${driver.lacks[name]}`)
    expect(cellsOf(driver.name)).toEqual(names.map((name) => [BEHAVIOURS[name].title, cell(name)]))
  })
}
