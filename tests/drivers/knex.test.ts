import { readFileSync } from 'node:fs'
import knex, { type Knex } from 'knex'
import { putToWork } from './work.ts'

const STEP = {
  up: async (db: Knex) => {
    await db.schema.createTable('people', (table) => {
      table.increments('id')
      table.string('name').notNullable().index()
    })
    await db('people').insert([{ name: 'Ada' }, { name: 'Grace' }])
  },
  down: async (db: Knex) => {
    await db.schema.dropTable('people')
  },
}

putToWork({
  name: 'knex',
  needs: [],
  versions: [18, 15],
  scopes: ['sql:ddl', 'sql:write'],
  ownAccount: true,
  done: { names: ['Ada', 'Grace'], left: [null] },
  work: async ({ host, port, user, token, database, certificate, stage }) => {
    const ssl = certificate === null ? false : { ca: readFileSync(certificate, 'utf8') }
    const db = knex({ client: 'pg', connection: { host, port, user, password: token, database, ssl }, pool: { min: 0, max: 2 } })
    try {
      const migrationSource = { getMigrations: async () => ['people'], getMigrationName: (name: string) => name, getMigration: async () => STEP }
      await db.migrate.latest({ migrationSource })
      const names = await stage.ask('SELECT name FROM people ORDER BY id')
      await db.migrate.rollback({ migrationSource })
      return { names, left: await stage.ask("SELECT to_regclass('people')") }
    } finally {
      await db.destroy()
    }
  },
})
