import pg from 'pg'
import { openStage, type Stage, type StageOptions } from './stage.ts'

/** Reads run, and so does what may change the meaning of names; everything else is refused at once. */
const POLICY = `
@id("reads-and-definitions") permit (
  principal in Group::"engineering",
  action in [Action::"connect", Action::"sql:session", Action::"sql:read", Action::"sql:ddl", Action::"sql:admin"],
  resource
);
`

/** Whatever calls `evil` is counted in `runs`, which no rollback takes back. */
const SEED = `
  CREATE FUNCTION evil(anyelement) RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('public.runs'); RETURN 1; END $$;
  CREATE TYPE mood AS ENUM ('good', 'bad');
  CREATE TABLE people (id int, name varchar, mood mood);
  INSERT INTO people VALUES (1, 'Ann', 'good');
  CREATE VIEW names AS SELECT id, lower(name) AS name FROM people WHERE id > 0 ORDER BY name;
`

/** A target whose names may hide something, and a gateway that has to see it. */
export interface Behind {
  readonly stage: Stage
  /** Straight on the target, several statements if need be. */
  readonly direct: (sql: string) => Promise<void>
  /** One more connection through the gateway, to which everything that was made before is known. */
  readonly connect: (resource?: string) => Promise<pg.Client>
  /** `runs`, or what was said instead, with the detail. */
  readonly outcome: (client: pg.Client, text: string, values?: readonly unknown[]) => Promise<string>
  close(): Promise<void>
}

export async function openBehind({ seed = '', ...options }: Omit<StageOptions, 'policy'>): Promise<Behind> {
  const stage = await openStage({ policy: POLICY, seed: SEED + seed, ...options })
  const clients: pg.Client[] = []
  const keep = async (client: pg.Client) => {
    client.on('error', () => undefined) // the server may stop before it has hung up
    await client.connect()
    clients.push(client)
    return client
  }
  const straight = await keep(new pg.Client(stage.target.url('postgres')))
  return {
    stage,
    direct: async (sql) => void (await straight.query(sql)),
    connect: async (database = 'db') => {
      const client = await keep(new pg.Client({ ...stage.gateway.postgres, user: stage.alice.user, password: stage.alice.token, database }))
      await client.query("COMMENT ON SCHEMA public IS 'what may change names makes the gateway look again'")
      return client
    },
    outcome: async (client, text, values = []) => {
      try {
        await (values.length > 0 ? client.query(text, [...values]) : client.query(text))
        return 'runs'
      } catch (error) {
        if (error instanceof pg.DatabaseError) return `${error.message} (${error.detail ?? ''})`
        throw error
      }
    },
    close: async () => {
      for (const client of clients) await client.end()
      await stage.close()
    },
  }
}
