import { dirname } from 'node:path'
import { decodeBundle, decodeLines } from '@countersign/ledger/bundle'
import { parseCheckpoint } from '@countersign/ledger/checkpoint'
import { parseHeads } from '@countersign/ledger/heads'
import { leafHash, type Hash } from '@countersign/ledger/merkle'
import { parseNote } from '@countersign/ledger/note'
import { rootFromTiles } from '@countersign/ledger/proof'
import { tileHashes, tilePath } from '@countersign/ledger/tiles'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gatewayOn, Hands } from '../ledger/bed.ts'
import { Chain } from '../ledger/chain.ts'
import { type Bed, openBed } from './bed.ts'

describe('the ledger’s tree as files', () => {
  let bed: Bed
  const chain = new Chain('gw-0000000001')
  beforeAll(async () => {
    bed = await openBed()
    const gateway = gatewayOn(bed.store, chain, new Hands(), { directory: dirname(bed.socketPath) })
    await chain.enrol(bed.store.ledger)
    await chain.act(bed.store.ledger, 299)
    await chain.write(bed.store.ledger, [chain.next('action.decided', { long: 'x'.repeat(70_000) })])
    await gateway.turn()
    await gateway.seal()
    // What no checkpoint covers is not there yet.
    await chain.act(bed.store.ledger, 5)
    await gateway.turn()
  })
  afterAll(() => bed.close())

  const read = async (path: string) => {
    const answer = await bed.ask(`/api/v1/ledger/${path}`, { as: 'root' })
    expect([path, answer.status]).toEqual([path, 200])
    return { bytes: new Uint8Array(await answer.arrayBuffer()), headers: answer.headers }
  }

  test('give the root that the checkpoint names, to a client that knows C2SP tlog-tiles alone', async () => {
    const answer = await bed.ask('/api/v1/ledger/checkpoint', { as: 'alice' })
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const { size, root } = parseCheckpoint(parseNote(await answer.text()).text)
    expect(size).toBe(301)
    const tiles = async (level: number, n: number, width: number) => (await read(tilePath({ level, n, width }))).bytes
    expect(Buffer.from(await rootFromTiles(tiles, size))).toEqual(Buffer.from(root))
  })

  test('have the entries of each tile, and bytes that whoever has a token may keep for good', async () => {
    const hashes = await read('tile/0/000')
    expect(hashes.headers.get('content-type')).toBe('application/octet-stream')
    expect(hashes.headers.get('cache-control')).toBe('private, max-age=31536000, immutable')
    const entries = decodeBundle((await read('tile/entries/000')).bytes, 256)
    const same = (leaves: readonly Hash[]) => leaves.map((leaf) => Buffer.from(leaf).toString('hex'))
    expect(same(entries.map(leafHash))).toEqual(same(tileHashes(hashes.bytes, { level: 0, n: 0, width: 256 })))
    expect((await read('tile/0/000.p/7')).bytes).toEqual(hashes.bytes.subarray(0, 7 * 32))
    expect(decodeBundle((await read('tile/entries/001.p/44')).bytes, 44)).toHaveLength(44)
  })

  test('have an entry that is too long for a bundle among the lines', async () => {
    const refused = await bed.ask('/api/v1/ledger/tile/entries/001.p/45', { as: 'root' })
    expect([refused.status, await refused.json()]).toEqual([404, expect.objectContaining({ message: expect.stringContaining('tile/lines/') })])
    const lines = decodeLines((await read('tile/lines/001.p/45')).bytes, 45)
    expect(lines.at(-1)?.length).toBeGreaterThan(70_000)
  })

  test.each([
    ['gzip', true],
    ['deflate, gzip;q=0.5', true],
    ['GZIP', true],
    ['identity', false],
    ['br, gzip;q=0', false],
    ['', false],
  ])('are compressed, where they are entries, for whoever accepts %j', async (accepted, compressed) => {
    const ask = (path: string) => bed.ask(`/api/v1/ledger/${path}`, { as: 'root', headers: { 'accept-encoding': accepted } })
    const answer = await ask('tile/entries/000')
    expect([answer.headers.get('content-encoding'), answer.headers.get('vary')]).toEqual([compressed ? 'gzip' : null, 'accept-encoding'])
    const bytes = Buffer.from(await answer.arrayBuffer())
    expect(decodeBundle(bytes, 256)).toHaveLength(256) // fetch has decompressed it
    const sent = Number(answer.headers.get('content-length'))
    if (compressed) expect(sent).toBeLessThan(bytes.length / 2)
    else expect(sent).toBe(bytes.length)
    expect((await ask('tile/0/000')).headers.get('content-encoding')).toBe(null)
  })

  test('come with what the gateway’s key says of the chain that they hold', async () => {
    const heads = parseHeads((await read('signed-heads')).bytes)
    expect(heads).toEqual([expect.objectContaining({ gateway: 'gw-0000000001', seq: 301 })])
    expect((await bed.ask('/api/v1/ledger/signed-heads', { as: 'alice' })).status).toBe(403)
  })

  test.each(['tile/0/002', 'tile/0/001', 'tile/0/001.p/46', 'tile/2/000.p/1', 'tile/0/0', 'tile/entries/000.p/256', 'tile/0/000%2Fp'])(
    '%s is not there',
    async (path) => {
      expect((await bed.ask(`/api/v1/ledger/${path}`, { as: 'root' })).status).toBe(404)
    },
  )
})
