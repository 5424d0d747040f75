import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { bundlePath, linesPath, parseTilePath, tilePath, tileWidth } from '../src/tiles.ts'
import { leavesOf, namesOf, sizes, TileStore } from './trees.ts'

const indexes = fc.oneof(fc.nat(2000), fc.maxSafeNat())
const widths = fc.integer({ min: 1, max: 256 })

describe('tiles', () => {
  // C2SP tlog-tiles, "Partial Tiles".
  it('are those of the published example of 70,000 entries', () => {
    const names = namesOf(0, 70_000)
    expect(names.filter((name) => name.startsWith('tile/0/')).length).toBe(274)
    expect(names.filter((name) => name.includes('.p/'))).toEqual(['tile/0/273.p/112', 'tile/1/001.p/17', 'tile/2/000.p/1'])
    expect(namesOf(0, 256)).toEqual(['tile/0/000', 'tile/1/000.p/1'])
    expect(namesOf(255, 256)).toEqual(['tile/0/000', 'tile/1/000.p/1'])
    expect(namesOf(256, 257)).toEqual(['tile/0/001.p/1'])
    expect(namesOf(7, 7)).toEqual([])
  })

  test('change where a tree grows, and nowhere else, however it grows', async () => {
    await fc.assert(
      fc.asyncProperty(sizes(1500), sizes(800), async (first, more) => {
        const leaves = leavesOf(first + more)
        const [grown, whole] = [new TileStore(), new TileStore()]
        await grown.append(leaves.slice(0, first))
        const changed = await grown.append(leaves.slice(first))
        await whole.append(leaves)
        expect(changed.map(tilePath)).toEqual(namesOf(first, first + more))
        expect(grown.tiles).toEqual(whole.tiles)
        for (const { level, n, width, hashes } of grown.tiles.values()) expect([width, hashes.length]).toEqual([tileWidth(first + more, level, n), width * 32])
      }),
      { numRuns: 40 },
    )
  })

  test('have a path that reads back as what it names', () => {
    fc.assert(
      fc.property(fc.nat(6), indexes, widths, (level, n, width) => {
        expect(parseTilePath(tilePath({ level, n, width }))).toEqual({ kind: 'hashes', level, n, width })
        expect(parseTilePath(bundlePath({ n, width }))).toEqual({ kind: 'entries', n, width })
        expect(parseTilePath(linesPath({ n, width }))).toEqual({ kind: 'lines', n, width })
      }),
    )
  })

  test('are named by no other spelling', () => {
    const parts = fc.constantFrom(
      'tile',
      'entries',
      'lines',
      '/',
      '0',
      '7',
      '00',
      '063',
      '64',
      'x001',
      'x000',
      '000',
      '001',
      '.p',
      '255',
      '256',
      '..',
      '%2f',
      '\n',
      'checkpoint',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(parts, { maxLength: 9 }).map((list) => list.join('')),
        ),
        (path) => {
          const named = parseTilePath(path)
          if (!named) return
          expect(named.kind === 'hashes' ? tilePath(named) : named.kind === 'entries' ? bundlePath(named) : linesPath(named)).toBe(path)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['of index 1234067', 'tile/3/x001/x234/067'],
    ['that is partial', 'tile/0/000.p/1'],
  ])('read the path %s', (_name, path) => {
    const named = parseTilePath(path)
    expect(named?.kind === 'hashes' && tilePath(named)).toBe(path)
  })

  it.each([
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/00/000',
    'tile/7/000',
    'tile/0/x000/001',
    'tile/0/1',
    'tile/0/001/',
    '/tile/0/001',
    'tile/0/x999/x999/x999/x999/x999/999',
    'tile/0/../../keys',
    'tile/0/001\n',
  ])('refuse the path %j', (path) => {
    expect(parseTilePath(path)).toBeNull()
  })
})
