import { child } from './child.ts'
import { drive } from './drive.ts'

const PROGRAM = new URL('with_psycopg3.py', import.meta.url).pathname

drive({
  name: 'psycopg 3',
  needs: ['psycopg3'],
  lacks: { largeObjectCalls: 'it has none of its own' },
  sit: async (place) => child('/usr/bin/python3', [PROGRAM], place),
})
