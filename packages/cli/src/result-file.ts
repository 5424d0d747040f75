import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { CliError, systemCode } from './error.ts'

/** Where a long result goes, piece by piece. */
export interface Sink {
  write(text: string): Promise<void>
}

/**
 * Runs `use` with standard output, or with a file that has its name only when it is whole: one that is cut short must not be taken for
 * all there is. Nobody else on the host may read it.
 */
export async function intoFile<T>(path: string | undefined, use: (sink: Sink) => Promise<T>): Promise<T> {
  if (path === undefined) return use(sinkOf(process.stdout))
  const partial = `${path}.partial`
  const stream = createWriteStream(partial, { mode: 0o600 })
  const failed = new Promise<never>((_, reject) => stream.once('error', reject))
  try {
    const result = await Promise.race([use(sinkOf(stream)), failed])
    stream.end()
    await finished(stream)
    await rename(partial, path)
    return result
  } catch (error) {
    stream.destroy()
    await rm(partial, { force: true })
    const code = systemCode(error)
    if (code === null) throw error
    throw new CliError('failed', `${path} cannot be written (${code})`, 'name a file in a folder that is there and that you may write to', { cause: error })
  }
}

const sinkOf = (stream: NodeJS.WritableStream): Sink => ({
  async write(text) {
    if (!stream.write(text)) await once(stream, 'drain')
  },
})
