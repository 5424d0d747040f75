import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { canonical } from '../src/canonical.ts'

const FIXED = readFileSync(new URL('vectors/doubles.txt', import.meta.url), 'utf8')
  .trim()
  .split(/\s+/)
const IN_A_ROW = 2000

/** The doubles of the ES6 number test, without end: some that are hard to write, the smallest ones in a row, then a chain of hashes. */
function* doubles(): Generator<Buffer> {
  for (const hex of FIXED) yield Buffer.from(hex, 'hex')
  for (let next = 0n; next < IN_A_ROW; next++) yield Buffer.from((0x0010000000000000n + next).toString(16).padStart(16, '0'), 'hex')
  for (let block: Buffer = Buffer.alloc(32); ;) {
    block = createHash('sha256').update(block).digest()
    // Each block is four doubles, little-endian.
    for (let at = 0; at < block.length; at += 8) {
      const double = Buffer.from(block.subarray(at, at + 8)).reverse()
      if (double.readDoubleBE() !== 0 && Number.isFinite(double.readDoubleBE())) yield double
    }
  }
}

function hashOf(lines: number): string {
  const hash = createHash('sha256')
  let count = 0
  for (const double of doubles()) {
    if (count++ === lines) break
    hash.update(`${double.readBigUInt64BE().toString(16)},${canonical(double.readDoubleBE())}\n`)
  }
  return hash.digest('hex')
}

/** As published: of the first so many lines of es6testfile100m.txt. */
const PUBLISHED: readonly (readonly [number, string])[] = [
  [1000, 'be18b62b6f69cdab33a7e0dae0d9cfa869fda80ddc712221570f9f40a5878687'],
  [10_000, 'b9f7a8e75ef22a835685a52ccba7f7d6bdc99e34b010992cbc5864cd12be6892'],
  [100_000, '22776e6d4b49fa294a0d0f349268e5c28808fe7e0cb2bcbe28f63894e494d4c7'],
  [1_000_000, '49415fee2c56c77864931bd3624faad425c3c577d6d74e89a83bc725506dad16'],
  [10_000_000, 'b9f8a44a91d46813b21b9602e72f112613c91408db0b8341fb94603d9db135e0'],
  [100_000_000, '0f7dda6b0837dde083c5d6b896f7d62340c8a2415b0c7121d83145e08a755272'],
]

/** 100,000 take half a second; the whole set, 100000000, ten minutes. */
const most = Number(process.env['NUMBERS'] ?? 100_000)

it.each(PUBLISHED.filter(([lines]) => lines <= most))('the first %s numbers of the ES6 number test are written as published', (lines, hash) => {
  expect(hashOf(lines)).toBe(hash)
})
