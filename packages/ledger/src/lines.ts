/** No line is longer, or it is handed on unreadable: whoever writes a file must not decide how much memory its reader needs. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024

const NEWLINE = 0x0a

/** The lines of a file that is read in chunks, without their line ends. What follows the last newline is a line, unless it is empty. */
export async function* splitLines(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield held.length === 0 ? chunk.subarray(start, end) : Buffer.concat([...held, chunk.subarray(start, end)])
      held = []
      size = 0
      start = end + 1
    }
    size += chunk.length - start
    if (start < chunk.length && size <= MAX_LINE_BYTES) held.push(chunk.subarray(start))
  }
  if (size > 0) yield Buffer.concat(held)
}
