import { randomBytes } from 'node:crypto'
import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { RecordingLine } from '@countersign/contract/schemas/recording'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isWhole, readRecording, RecordingBroken, writeRecording } from '../../src/recordings/container.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-container-'))
const path = join(folder, 'ses-1.age')
let identity: string
let recipient: string

beforeAll(async () => {
  identity = await generateX25519Identity()
  recipient = await identityToRecipient(identity)
})

afterAll(() => rmSync(folder, { recursive: true }))

const anyLine: fc.Arbitrary<RecordingLine> = fc.record({
  line: fc.constant('started' as const),
  at: fc.nat(),
  run: fc.string(),
  action: fc.constantFrom('sql:read', 'sql:write'),
  text: fc.oneof(
    fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
    fc.constant(null),
  ),
  objects: fc.array(fc.string(), { maxLength: 3 }),
  policies: fc.array(fc.string(), { maxLength: 3 }),
})

async function read(bytes: Uint8Array, identities = [identity]): Promise<readonly RecordingLine[]> {
  const lines: RecordingLine[] = []
  for await (const line of readRecording(Readable.from([bytes]), identities)) lines.push(line)
  return lines
}

/** Bytes in pieces that end anywhere. */
function inPieces(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

const encoded = (lines: readonly RecordingLine[]) => Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))

test('what was written is read, however it was split, and its digest is that of the file', async () => {
  const property = fc.asyncProperty(fc.array(anyLine, { minLength: 1 }), fc.array(fc.nat()), async (lines, cuts) => {
    const digest = await writeRecording(path, inPieces(encoded(lines), cuts), recipient)
    const bytes = await readFile(path)
    expect(await read(bytes)).toEqual(lines)
    expect(await isWhole(Readable.from([bytes]), digest)).toBe(true)
  })
  await fc.assert(property, { numRuns: 50 })
})

test('no byte can be flipped, cut off or added without its being noticed, by the digest and by whoever reads it', async () => {
  const lines = fc.sample(anyLine, { numRuns: 30, seed: 1 })
  const digest = await writeRecording(path, [encoded(lines)], recipient)
  const whole = await readFile(path)
  const damage = fc.oneof(
    fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, bits]) => whole.map((byte, index) => (index === at ? byte ^ bits : byte))),
    fc.nat(whole.length - 1).map((length) => whole.subarray(0, length)),
    fc.uint8Array({ minLength: 1, maxLength: 40 }).map((more) => Buffer.concat([whole, more])),
    fc.nat(whole.length - 1).map((at) => Buffer.concat([whole.subarray(0, at), whole.subarray(at + 1)])),
  )
  const property = fc.asyncProperty(damage, async (bytes) => {
    expect(await isWhole(Readable.from([bytes]), digest)).toBe(false)
    await expect(read(bytes)).rejects.toThrow(RecordingBroken)
  })
  await fc.assert(property, { numRuns: 200 })
})

test('a large recording is written and read piece by piece, and not even its last chunk can be left out', async () => {
  const [line] = fc.sample(anyLine, { numRuns: 1, seed: 7 })
  const pieces = 400
  const each = 100
  function* written() {
    for (let piece = 0; piece < pieces; piece += 1)
      yield encoded(Array.from({ length: each }, (_, at) => ({ ...line, at, text: randomBytes(64).toString('hex') }) as RecordingLine))
  }
  await writeRecording(path, written(), recipient)
  const bytes = await readFile(path)
  expect(bytes.length).toBeGreaterThan(2 * 1024 * 1024)
  let count = 0
  for await (const _ of readRecording(createReadStream(path), [identity])) count += 1
  expect(count).toBe(pieces * each)
  for (const chunks of [1, 5]) await expect(read(bytes.subarray(0, bytes.length - chunks * (64 * 1024 + 16)))).rejects.toThrow(RecordingBroken)
})

test('another key opens nothing, and of several that of the recording does', async () => {
  const other = await generateX25519Identity()
  const [line] = fc.sample(anyLine, { numRuns: 1, seed: 3 })
  if (!line) throw new Error('there is no sample')
  await writeRecording(path, [encoded([line])], recipient)
  const bytes = await readFile(path)
  await expect(read(bytes, [other])).rejects.toThrow(RecordingBroken)
  expect(await read(bytes, [other, identity])).toEqual([line])
})
