import { ProtocolError } from '@countersign/wire/postgres/error'
import { MAX_STARTUP_BYTES, type Opening, StartupDecoder } from '@countersign/wire/postgres/startup'
import { isDeepStrictEqual } from 'node:util'
import { Finding, type Target } from '../fuzzer.ts'
import { chunksOf, openings } from './streams.ts'

/** The first packet of a connection, from anybody who reaches the port: the same in any chunks, and what follows it is kept. */
export const startup: Target = {
  name: 'postgres: a first packet',
  seeds: openings(),
  attempt(input, random) {
    const whole = opened([input])
    const cut = opened(chunksOf(input, random))
    if (!isDeepStrictEqual(whole?.packet, cut?.packet)) throw new Finding('the packet differs by how it was cut')
    if (whole && input.length - whole.rest.length > MAX_STARTUP_BYTES) throw new Finding('a packet above the limit was taken')
    return 1
  },
}

/** Null when it was refused, or is not whole. */
function opened(chunks: Iterable<Uint8Array>): Opening | null {
  const decoder = new StartupDecoder()
  try {
    for (const chunk of chunks) {
      const opening = decoder.push(chunk)
      if (opening) return opening
    }
    return null
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}
