import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setUp } from './setup.ts'

/** For the night: a gateway killed with -9 a thousand times under load, or KILLS times; SEED repeats a run. */
const ROOT = join(import.meta.dirname, '..')

setUp(['tests'])
const env = { ...process.env, KILLS: process.env['KILLS'] ?? '1000' }
const { status } = spawnSync(join(ROOT, 'node_modules/.bin/vitest'), ['run', 'tests/gateway-killed-often'], { cwd: ROOT, stdio: 'inherit', env })
process.exitCode = status ?? 1
