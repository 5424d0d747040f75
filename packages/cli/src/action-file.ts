import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { CliError, systemCode } from './error.ts'

/** The text of `--file`: of that file, or of standard input for `-`. Nothing in it is changed but a byte order mark, as in psql. */
export async function readAction(file: string): Promise<string> {
  const name = file === '-' ? 'standard input' : file
  const text = decode(name, file === '-' ? await buffer(process.stdin) : await read(file))
  // The protocol ends a statement at a NUL: what stands behind one would be neither shown nor run.
  if (text.includes('\0')) throw new CliError('failed', `${name} holds a NUL character, which no statement can`, 'save it as plain UTF-8 text')
  if (text.trim() === '') throw new CliError('failed', `${name} holds no statement`)
  return text
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new CliError('failed', `${file} cannot be read (${systemCode(error) ?? 'unknown'})`, 'check its name and its permissions', { cause: error })
  }
}

function decode(name: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new CliError('failed', `${name} is not UTF-8, so what you see and what runs could differ`, 'save it as UTF-8', { cause: error })
  }
}
