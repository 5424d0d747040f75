import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { environment } from './environment.ts'
import { putToWork } from './work.ts'

const run = promisify(execFile)

putToWork({
  name: 'pgbench',
  needs: ['pgbench'],
  versions: [18, 15],
  scopes: ['sql:ddl', 'sql:write'],
  work: async (place) => {
    const env = environment(place)
    await run('pgbench', ['--initialize', '--quiet'], { env })
    for (const mode of ['simple', 'extended', 'prepared']) {
      const { stdout } = await run('pgbench', [`--protocol=${mode}`, '--client=4', '--transactions=10'], { env })
      expect(stdout).toContain('actually processed: 40/40')
    }
    expect(await place.stage.ask('SELECT count(*)::int FROM pgbench_history')).toEqual([40])
  },
})
