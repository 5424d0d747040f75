import { child } from './child.ts'
import { drive } from './drive.ts'

const PROGRAM = new URL('with_psycopg2.py', import.meta.url).pathname

drive({
  name: 'psycopg 2',
  needs: ['psycopg2'],
  lacks: { binary: 'it asks for text only', pipeline: 'it has none' },
  sit: async (place) => child('/usr/bin/python3', [PROGRAM], place),
})
