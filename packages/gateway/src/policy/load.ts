import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PolicyError } from './error.ts'

export interface PolicyFile {
  readonly file: string
  readonly text: string
}

/** The folder's `*.cedar` files, sorted by name. Throws PolicyError when one cannot be read, or there is none. */
export function readPolicyFiles(folder: string): readonly PolicyFile[] {
  const names = attempt(folder, () => readdirSync(folder)).filter((name) => name.endsWith('.cedar'))
  if (names.length === 0) throw problem(folder, 'no *.cedar file in this folder: without a policy everything is denied')
  return names.sort().map((name) => {
    const file = join(folder, name)
    return { file, text: attempt(file, () => readFileSync(file, 'utf8')) }
  })
}

function attempt<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw problem(file, `cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'})`)
  }
}

const problem = (file: string, message: string) => new PolicyError([{ file, line: 1, column: 1, policy: null, message }])
