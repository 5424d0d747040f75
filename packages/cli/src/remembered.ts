import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { type Checkpoint, parseCheckpoint } from '@countersign/ledger/checkpoint'
import { LedgerError } from '@countersign/ledger/error'
import { formatNote, type Note, parseNote } from '@countersign/ledger/note'
import { CliError } from './error.ts'

/** The checkpoint in this file, which an earlier run left there; null when there is none yet. */
export function rememberedIn(file: string | undefined): Checkpoint | null {
  if (file === undefined || !existsSync(file)) return null
  try {
    return parseCheckpoint(parseNote(readFileSync(file)).text)
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    throw new CliError(
      'failed',
      `${file} holds no checkpoint: ${error.message}`,
      'name the file that an earlier --remember wrote, or one that is not there yet',
    )
  }
}

/** Keeps what was just verified, where it is more than was known. The file is whole at every moment. */
export function remember(file: string, note: Note, before: Checkpoint | null): void {
  if (before && parseCheckpoint(note.text).size <= before.size) return
  writeFileSync(`${file}.new`, formatNote(note), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
