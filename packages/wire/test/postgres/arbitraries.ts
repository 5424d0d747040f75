import fc from 'fast-check'

/** How many cases a property tries; a long run sets FUZZ_RUNS. */
export const RUNS = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) }

/** What a NUL-terminated field can hold, all planes of Unicode. */
export const text = fc.string({ unit: 'binary', maxLength: 40 }).map((value) => value.replaceAll('\0', ''))
export const bytes = (maxLength = 60) => fc.uint8Array({ maxLength })
export const value = fc.option(bytes(), { nil: null })
export const uint16 = fc.integer({ min: 0, max: 0xffff })
export const uint32 = fc.integer({ min: 0, max: 0xffff_ffff })
export const int16 = fc.integer({ min: -0x8000, max: 0x7fff })
export const int32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })
export const target = fc.constantFrom('S' as const, 'P' as const)
export const status = fc.constantFrom('I' as const, 'T' as const, 'E' as const)

export const column = fc.record({
  name: text,
  tableOid: uint32,
  attribute: int16,
  typeOid: uint32,
  typeSize: int16,
  typeModifier: int32,
  format: fc.constantFrom(0, 1),
})

/** Cuts a stream where the weights say: the chunks that a socket might deliver it in. Empty chunks happen. */
export function cut(stream: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let at = 0
  for (const size of sizes) {
    chunks.push(stream.subarray(at, at + size))
    at = Math.min(stream.length, at + size)
  }
  return [...chunks, stream.subarray(at)]
}

export const chunkSizes = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 40 })

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** Every way to cut a stream in two, and the stream byte by byte. */
export function everySplit(stream: Uint8Array): Uint8Array[][] {
  const inTwo = Array.from({ length: stream.length + 1 }, (_, at) => [stream.subarray(0, at), stream.subarray(at)])
  return [...inTwo, Array.from(stream, (byte) => Uint8Array.of(byte))]
}
