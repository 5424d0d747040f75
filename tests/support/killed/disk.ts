import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system of its own, small enough to be filled. */
export interface SmallDisk {
  readonly folder: string
  /** Takes all of its room but so many bytes. */
  fill(left: number): void
  /** Gives it back. */
  empty(): void
  close(): void
}

const SIZE = 8 * 1024 * 1024
const BLOCK = 4096

/** Null where this process may not mount one: only root may. */
export function smallDisk(): SmallDisk | null {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-small-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder])
  if (mounted.status !== 0) {
    rmSync(folder, { recursive: true })
    return null
  }
  const filler = join(folder, 'filler')
  return {
    folder,
    fill: (left) => {
      const file = openSync(filler, 'w')
      for (let full = false; !full;) full = !wrote(file)
      closeSync(file)
      spawnSync('truncate', [`--size=-${Math.ceil(left / BLOCK) * BLOCK}`, filler])
    },
    empty: () => rmSync(filler, { force: true }),
    close: () => {
      spawnSync('umount', ['--lazy', folder])
      rmSync(folder, { recursive: true })
    },
  }
}

/** False when the disk is full. */
function wrote(file: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(BLOCK)) === BLOCK
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false
    throw error
  }
}
