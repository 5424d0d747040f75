import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { environment } from './environment.ts'
import { putToWork } from './work.ts'

const run = promisify(execFile)

putToWork({
  name: 'pgbench',
  needs: ['pgbench'],
  versions: [18, 15],
  scopes: ['sql:ddl', 'sql:write'],
  ownAccount: 'it empties its tables by TRUNCATE, which takes a right that an account’s role for writes usually does not have',
  done: { processed: ['40/40', '40/40', '40/40'], history: [120] },
  work: async (place) => {
    const env = environment(place)
    await run('pgbench', ['--initialize', '--quiet'], { env })
    const processed: (string | undefined)[] = []
    for (const mode of ['simple', 'extended', 'prepared']) {
      const { stdout } = await run('pgbench', [`--protocol=${mode}`, '--no-vacuum', '--client=4', '--transactions=10'], { env })
      processed.push(/actually processed: (\S+)/.exec(stdout)?.[1])
    }
    return { processed, history: await place.stage.ask('SELECT count(*)::int FROM pgbench_history') }
  },
})
