import { child } from './child.ts'
import { drive } from './drive.ts'

const PROGRAM = new URL('psycopg2.py', import.meta.url).pathname

drive({
  name: 'psycopg 2',
  needs: ['psycopg2'],
  lacks: { binary: 'it asks for text only', pipeline: 'it has none', largeObjectCalls: 'the function call message is refused' },
  sit: async (place) => child('/usr/bin/python3', [PROGRAM], place),
})
