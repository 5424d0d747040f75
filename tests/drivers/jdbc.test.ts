import { JDBC_JAR } from '../../scripts/programs.ts'
import { child } from './child.ts'
import { drive } from './drive.ts'

const PROGRAM = new URL('Jdbc.java', import.meta.url).pathname

drive({
  name: 'JDBC',
  needs: ['java', 'jdbc'],
  lacks: { pipeline: 'it has none beside its batches' },
  sit: async (place) =>
    child('java', ['-XX:TieredStopAtLevel=1', '-Xshare:auto', '-Dfile.encoding=UTF-8', '-Duser.timezone=UTC', '-cp', JDBC_JAR, PROGRAM], place),
})
