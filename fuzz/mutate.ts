import type { Random } from './random.ts'

/** No input grows beyond this: what a longer one does differently is for tests of limits, and it would only be slower. */
const MAX_BYTES = 4096

/** Lengths that parsers have got wrong: CVE-2024-27304, CVE-2026-32286 and their like. */
const LENGTHS = [-1, 0, 1, 3, 4, 5, 0x7f, 0xff, 0x100, 0xffff, 0x1_0000, 2 ** 24, 2 ** 30, 2 ** 31 - 5, 2 ** 31 - 1, -(2 ** 31)]
const BYTES = [0x00, 0x01, 0x7f, 0x80, 0xc0, 0xff]

type Mutation = (input: Uint8Array, random: Random, corpus: readonly Uint8Array[]) => Uint8Array

/** One to four changes to an input; `frameAt` finds where its frames begin, so that whole messages are moved as well as bytes. */
export function mutate(input: Uint8Array, random: Random, corpus: readonly Uint8Array[]): Uint8Array {
  let bytes = input
  for (let changes = 1 + random.below(4); changes > 0; changes--) bytes = random.pick(MUTATIONS)(bytes, random, corpus)
  return bytes.subarray(0, MAX_BYTES)
}

const MUTATIONS: readonly Mutation[] = [flip, setByte, lie, insert, remove, copyWithin, splice, duplicateFrame, dropFrame, swapFrames]

function flip(input: Uint8Array, random: Random): Uint8Array {
  return changed(input, random, (bytes, at) => (bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))))
}

function setByte(input: Uint8Array, random: Random): Uint8Array {
  return changed(input, random, (bytes, at) => (bytes[at] = random.below(2) === 0 ? random.pick(BYTES) : random.below(256)))
}

/** Writes a length that lies: over a frame's own, or anywhere. */
function lie(input: Uint8Array, random: Random): Uint8Array {
  const frames = framesOf(input)
  const at = random.below(2) === 0 && frames.length > 0 ? random.pick(frames) + 1 : random.below(Math.max(1, input.length))
  if (at + 4 > input.length) return input
  const bytes = input.slice()
  new DataView(bytes.buffer).setInt32(at, random.pick(LENGTHS))
  return bytes
}

function insert(input: Uint8Array, random: Random): Uint8Array {
  const at = random.below(input.length + 1)
  return joined(
    input.subarray(0, at),
    Uint8Array.from({ length: 1 + random.below(8) }, () => random.below(256)),
    input.subarray(at),
  )
}

function remove(input: Uint8Array, random: Random): Uint8Array {
  const at = random.below(input.length + 1)
  return joined(input.subarray(0, at), input.subarray(at + 1 + random.below(8)))
}

function copyWithin(input: Uint8Array, random: Random): Uint8Array {
  return changed(input, random, (bytes, at) => bytes.copyWithin(at, random.below(bytes.length), random.below(bytes.length)))
}

function splice(input: Uint8Array, random: Random, corpus: readonly Uint8Array[]): Uint8Array {
  const other = random.pick(corpus)
  return joined(input.subarray(0, random.below(input.length + 1)), other.subarray(random.below(other.length + 1)))
}

function duplicateFrame(input: Uint8Array, random: Random): Uint8Array {
  return withFrame(input, random, (before, frame, behind) => [before, frame, frame, behind])
}

function dropFrame(input: Uint8Array, random: Random): Uint8Array {
  return withFrame(input, random, (before, _frame, behind) => [before, behind])
}

function swapFrames(input: Uint8Array, random: Random): Uint8Array {
  return withFrame(input, random, (before, frame, behind) => [frame, before, behind])
}

function changed(input: Uint8Array, random: Random, change: (bytes: Uint8Array, at: number) => void): Uint8Array {
  if (input.length === 0) return input
  const bytes = input.slice()
  change(bytes, random.below(bytes.length))
  return bytes
}

function withFrame(
  input: Uint8Array,
  random: Random,
  arrange: (before: Uint8Array, frame: Uint8Array, behind: Uint8Array) => readonly Uint8Array[],
): Uint8Array {
  const frames = framesOf(input)
  if (frames.length === 0) return input
  const index = random.below(frames.length)
  const [start = 0, end = input.length] = [frames[index], frames[index + 1]]
  return joined(...arrange(input.subarray(0, start), input.subarray(start, end), input.subarray(end)))
}

/** Where frames (a type byte and a length that counts itself) begin, as far as the lengths can be believed. */
function framesOf(input: Uint8Array): readonly number[] {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength)
  const starts: number[] = []
  for (let at = 0; at + 5 <= input.length;) {
    starts.push(at)
    const length = view.getInt32(at + 1)
    if (length < 4) break
    at += length + 1
  }
  return starts
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}
