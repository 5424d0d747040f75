import type { ActionType } from '@countersign/core/action'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ProgramName } from '../../scripts/programs.ts'
import { leftovers } from '../support/aftermath.ts'
import { ACCOUNTS_SEED, OWN_ACCOUNTS } from '../support/accounts.ts'
import { lacks } from '../support/needs.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { cellsOf } from './page.ts'

/** A program that has one job to do on a database, such as a migration. */
export interface Tool {
  /** The head of its column in docs/drivers.md. */
  readonly name: string
  readonly needs: readonly ProgramName[]
  readonly versions: readonly (15 | 18)[]
  /** What it must be granted where policy lets only reads through. */
  readonly scopes: readonly ActionType[]
  /** It also does it behind an account of its own (`accounts.mode: ephemeral`), and what it makes there belongs to the owner; or why it cannot. */
  readonly ownAccount: true | string
  /** More SQL for the target before it starts. */
  readonly seed?: string
  /** Does the job, and says what came of it; may be run again. */
  work(place: Workplace): Promise<unknown>
  /** What must come of it. */
  readonly done: unknown
}

export interface Workplace {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly token: string
  readonly database: string
  /** The certificate to verify; null where TLS is not to be used. */
  readonly certificate: string | null
  readonly stage: Stage
}

/** `db` allows everything; in `reviewed` and `own` everything but reads needs somebody, may be granted for a while, and is refused at once without that. */
const POLICY = `
@id("works") permit (principal, action in [Action::"connect", Action::"sql"], resource == Resource::"db");
@id("reads") permit (principal, action in [Action::"connect", Action::"sql:session", Action::"sql:read"], resource) unless { resource.name == "db" };
@id("rest") @review("dba") @grants("10m")
permit (principal, action in [Action::"sql:write", Action::"sql:ddl", Action::"sql:admin", Action::"sql:unknown"], resource) unless { resource.name == "db" };
`

/**
 * What the owner's tables are for, and a record of whose each of them was when it was made. information_schema tells of the constraints of a table only to
 * who may do more there than SELECT, and node-pg-migrate looks there: REFERENCES is such a right, and does nothing by itself.
 */
const SEED = `
  ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT SELECT, REFERENCES ON TABLES TO app_read;
  ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT INSERT, UPDATE, DELETE ON TABLES TO app_write;
  ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT USAGE ON SEQUENCES TO app_write;
  CREATE SCHEMA noted; GRANT USAGE ON SCHEMA noted TO PUBLIC;
  CREATE TABLE noted.made (owner text);
  CREATE FUNCTION noted.note() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO noted.made SELECT pg_get_userbyid(relowner) FROM pg_event_trigger_ddl_commands() JOIN pg_class c ON c.oid = objid WHERE classid = 'pg_class'::regclass;
  END $$;
`

/** A tool keeps books of what it did, and those of another role it would neither see nor be able to replace. */
const WITHOUT_BOOKS = `DO $$ DECLARE book text; BEGIN
  FOR book IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'orders' LOOP EXECUTE format('DROP TABLE %I', book); END LOOP;
END $$`

const ROWS = {
  scram: 'by SCRAM without TLS',
  verified: 'over TLS with `verify-full`',
  granted: 'unheld under grants asked for ahead',
  own: 'so too, for the tables’ owner',
}

/** Lets the tool do its job in every way, and holds its column of docs/drivers.md against what ran. */
export function putToWork(tool: Tool): void {
  const ran = new Map<string, number[]>()
  const missing = tool.needs.some(lacks)
  const own = tool.ownAccount === true

  describe.skipIf(missing).each(tool.versions)(`${tool.name} against PostgreSQL %i`, (version) => {
    let stage: Stage

    beforeAll(async () => {
      stage = await openStage({
        policy: POLICY,
        version,
        resources: { db: {}, reviewed: { onHold: 'refuse' }, ...(own ? { own: { ...OWN_ACCOUNTS, onHold: 'refuse' } } : {}) },
        seed: `${tool.seed ?? ''}${own ? ACCOUNTS_SEED + SEED : ''}`,
      })
    })

    afterAll(() => stage?.close())

    const work = async (row: keyof typeof ROWS, database: string, certificate: string | null) => {
      const { user, token } = stage.alice
      const done = await tool.work({ ...stage.gateway.postgres, user, token, database, certificate, stage })
      ran.set(row, [...(ran.get(row) ?? []), version])
      return done
    }

    it(`does its whole job ${ROWS.scram}`, async () => expect(await work('scram', 'db', null)).toEqual(tool.done))

    it(`does its whole job ${ROWS.verified}`, async () => expect(await work('verified', 'db', `${stage.gateway.data}/tls/cert.pem`)).toEqual(tool.done))

    it(`does its whole job ${ROWS.granted}`, async () => {
      const { alice, bob } = stage
      for (const scope of tool.scopes) await bob.api.approve({ id: (await alice.api.ask({ resource: 'reviewed', scope, for: '5m' })).request.id })
      expect(await work('granted', 'reviewed', null)).toEqual(tool.done)
      expect(await alice.api.requests()).toHaveLength(tool.scopes.length)
    })

    it.runIf(own)(`does its whole job ${ROWS.own}`, async () => {
      const { alice, bob } = stage
      await stage.ask(WITHOUT_BOOKS)
      await stage.ask('CREATE EVENT TRIGGER note ON ddl_command_end EXECUTE FUNCTION noted.note()')
      for (const scope of tool.scopes) await bob.api.approve({ id: (await alice.api.ask({ resource: 'own', scope, for: '5m' })).request.id })
      const before = (await alice.api.requests()).length
      expect(await work('own', 'own', null)).toEqual(tool.done)
      expect(await alice.api.requests()).toHaveLength(before)
      expect(await stage.ask('SELECT DISTINCT owner FROM noted.made')).toEqual(['app_owner'])
      await stage.ask('DROP EVENT TRIGGER note')
    })

    it('leaves nothing behind', async () => {
      expect(await leftovers(stage)).toEqual([])
    })
  })

  it.skipIf(missing)(`${tool.name} has in docs/drivers.md what ran here`, () => {
    const cells = Object.entries(ROWS).map(([row, title]) => [title, row === 'own' && !own ? `– ${tool.ownAccount}` : (ran.get(row) ?? []).join(', ')])
    expect(cellsOf(tool.name)).toEqual([...cells, ['scopes to ask for', tool.scopes.map((scope) => `\`${scope}\``).join(', ')]])
  })
}
