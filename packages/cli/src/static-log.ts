import { existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReadFile } from '@countersign/ledger/problem'

/** True for a directory that holds a log in the form of C2SP tlog-tiles. A data directory, which keeps its last checkpoint too, has a journal. */
export function isStaticLog(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory() && existsSync(join(path, 'checkpoint')) && !existsSync(join(path, 'journal'))
}

/** Reads files of the log. Their paths are made by the verifier, and by nothing that is in the log. */
export function filesIn(directory: string): ReadFile {
  return async (path) => {
    try {
      return await readFile(join(directory, path))
    } catch (error) {
      if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null
      throw error
    }
  }
}
