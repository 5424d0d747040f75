import hostile from '../../packages/wire/vectors/postgres/hostile.json' with { type: 'json' }
import recorded from '../../packages/wire/vectors/postgres/recorded.json' with { type: 'json' }
import type { Random } from '../random.ts'

const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

/** Recorded sessions, cut into pieces that a fuzzer can work with, and the hostile vectors of the same decoder. */
export function sessions(side: 'client' | 'server'): readonly Uint8Array[] {
  const whole = recorded.map((session) => fromHex(session[side]).subarray(side === 'client' ? startupLength(session.client) : 0))
  return [...whole.flatMap(pieces), ...vectorsOf(side === 'client' ? 'frontend' : 'backend')]
}

/** The first packets of recorded sessions, and the hostile vectors of the same decoder. */
export function openings(): readonly Uint8Array[] {
  return [...recorded.map(({ client }) => fromHex(client).subarray(0, startupLength(client))), ...vectorsOf('startup')]
}

function vectorsOf(decoder: string): readonly Uint8Array[] {
  return hostile.filter((vector) => vector.decoder === decoder).map(({ hex }) => fromHex(hex))
}

/** The input in chunks as a socket might deliver it: whole, byte by byte, or cut anywhere. */
export function* chunksOf(input: Uint8Array, random: Random): Generator<Uint8Array> {
  const most = random.pick([1, 7, 64, input.length + 1])
  for (let at = 0; at < input.length;) {
    const size = most === 1 ? 1 : 1 + random.below(most)
    yield input.subarray(at, at + size)
    at += size
  }
}

const startupLength = (hex: string): number => Buffer.from(hex, 'hex').readInt32BE(0)

const PIECE = 256

/** From the start of each frame that begins a new piece. */
function pieces(stream: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength)
  const found: Uint8Array[] = []
  for (let at = 0, from = 0; at + 5 <= stream.length;) {
    at += view.getInt32(at + 1) + 1
    if (at - from < PIECE && at + 5 <= stream.length) continue
    found.push(stream.slice(from, at))
    from = at
  }
  return found
}
