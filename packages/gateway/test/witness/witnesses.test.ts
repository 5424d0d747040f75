import { createHmac } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCheckpoint } from '@countersign/ledger/checkpoint'
import { parseKey } from '@countersign/ledger/key'
import { parseNote, verifyNote } from '@countersign/ledger/note'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type LockOptions, startLockedBucket } from '../../../../tests/support/object-lock.ts'
import { Bucket } from '../../src/net/s3.ts'
import { openWitness } from '../../src/witness/open.ts'
import { Witnesses } from '../../src/witness/witnesses.ts'
import type { WitnessConfig } from '../../src/config/config.ts'
import { gatewayOn, Hands, newBed } from '../ledger/bed.ts'
import { Chain } from '../ledger/chain.ts'
import { newDirectory } from '../journal/directory.ts'
import { serve, StandIn } from './stand-in.ts'

const SOON = { timeout: 10_000 }

/** A tree that grows, and is shown as it is signed. */
async function growing() {
  const bed = await newBed()
  const chain = new Chain('gw-0000000001')
  const gateway = gatewayOn(bed.store, chain, new Hands())
  await chain.enrol(bed.store.ledger)
  const directory = newDirectory()
  return {
    ...bed,
    directory,
    /** A gateway's, after a start. */
    witnesses: (configs: readonly WitnessConfig[], from = directory) => {
      const witnesses = new Witnesses(bed.store.tree, from, configs.map(openWitness), () => undefined)
      onTestFinished(() => witnesses.stop())
      return witnesses
    },
    grow: async (count: number) => {
      await chain.act(bed.store.ledger, count)
      await gateway.turn()
      await gateway.seal()
      const signed = await bed.store.tree.checkpoint()
      if (!signed) throw new Error('nothing was signed')
      return signed
    },
  }
}

const seen = (witnesses: Witnesses, size: number) =>
  vi.waitFor(() => expect(witnesses.states.map((state) => state.size)).toEqual(witnesses.states.map(() => size)), SOON)

describe('a witness of C2SP tlog-witness', () => {
  test('is shown each checkpoint with proof that it continues the last, and its cosignature is kept with it', async () => {
    const { witnesses: open, grow, store } = await growing()
    const standIn = new StandIn()
    const config = { kind: 'tlog', url: `${await standIn.start()}/`, key: standIn.vkey } as const
    const witnesses = open([config])
    for (const count of [1, 6, 300, 1]) {
      const signed = await grow(count)
      witnesses.show(signed)
      await seen(witnesses, signed.size)
      expect(standIn.size).toBe(signed.size)
      const note = parseNote((await store.tree.checkpoint())?.note ?? '')
      expect(note.text).toBe(parseNote(signed.note).text)
      expect(verifyNote(note, [parseKey(standIn.vkey)])).toMatchObject([{ time: expect.any(Number) }])
      expect(note.signatures).toHaveLength(2)
    }
    expect(new Set(standIn.requests)).toEqual(new Set(['POST /add-checkpoint']))
    expect(standIn.requests).toHaveLength(4)
    // Another gateway goes on, and knows nothing of it.
    const other = open([config], newDirectory())
    const signed = await grow(5)
    other.show(signed)
    await seen(other, signed.size)
  })

  test('that has seen another history says so, and is not overruled', async () => {
    const standIn = new StandIn()
    const config = { kind: 'tlog', url: await standIn.start(), key: standIn.vkey } as const
    const [one, two] = [await growing(), await growing()]
    const witnesses = one.witnesses([config])
    const signed = await one.grow(10)
    witnesses.show(signed)
    await seen(witnesses, signed.size)
    for (const count of [10, 20, 3]) {
      const others = two.witnesses([config], newDirectory())
      others.show(await two.grow(count))
      await vi.waitFor(() => expect(others.states).toMatchObject([{ size: 0, trouble: { disagrees: true } }]), SOON)
    }
    expect(standIn.size).toBe(signed.size)
  })

  test.each([
    [404, 'does not know countersign/tree-'],
    [403, 'does not trust the key'],
    [500, 'answered 500'],
    [200, 'no cosignature of its key'],
  ])('that answers %i is shown it again', async (status, why) => {
    const { witnesses: open, grow } = await growing()
    const standIn = new StandIn()
    standIn.broken = status
    const witnesses = open([{ kind: 'tlog', url: await standIn.start(), key: standIn.vkey }])
    const signed = await grow(3)
    witnesses.show(signed)
    await vi.waitFor(() => expect(witnesses.states).toMatchObject([{ trouble: { disagrees: false, message: expect.stringContaining(why) } }]), SOON)
    standIn.broken = null
    await seen(witnesses, signed.size)
    expect(witnesses.states).toMatchObject([{ trouble: null }])
  })
})

describe('a file elsewhere', () => {
  const notesIn = (path: string) =>
    readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => parseCheckpoint(parseNote((JSON.parse(line) as { note: string }).note).text))

  test('has each checkpoint once, over restarts', async () => {
    const { witnesses: open, grow } = await growing()
    const path = join(newDirectory(), 'checkpoints')
    for (const count of [3, 400, 5]) {
      const signed = await grow(count)
      for (const directory of [newDirectory(), newDirectory()]) {
        const witnesses = open([{ kind: 'file', path }], directory)
        witnesses.show(signed)
        await seen(witnesses, signed.size)
      }
    }
    expect(notesIn(path).map(({ size }) => size)).toEqual([4, 404, 409])
  })

  test('that ends with another history is not written to', async () => {
    const path = join(newDirectory(), 'checkpoints')
    const [one, two] = [await growing(), await growing()]
    const witnesses = one.witnesses([{ kind: 'file', path }])
    const signed = await one.grow(3)
    witnesses.show(signed)
    await seen(witnesses, signed.size)
    // The same name, and other entries: the store was replaced.
    two.sql(`update tree set origin = '${parseCheckpoint(parseNote(signed.note).text).origin}'`)
    const others = two.witnesses([{ kind: 'file', path }])
    others.show(await two.grow(4))
    await vi.waitFor(() => expect(others.states).toMatchObject([{ trouble: { disagrees: true } }]), SOON)
    expect(notesIn(path)).toHaveLength(1)
  })

  test('that cannot be written is tried again, and keeps no other witness waiting', async () => {
    const { witnesses: open, grow } = await growing()
    const folder = newDirectory()
    const witnesses = open([
      { kind: 'file', path: join(folder, 'away/checkpoints') },
      { kind: 'file', path: join(folder, 'checkpoints') },
    ])
    const signed = await grow(3)
    witnesses.show(signed)
    await vi.waitFor(() => expect(witnesses.states).toMatchObject([{ size: 0, trouble: { message: expect.stringContaining('ENOENT') } }, { size: 4 }]), SOON)
    expect(witnesses.witnessed).toEqual({ size: 4, at: signed.at })
    mkdirSync(join(folder, 'away'))
    await seen(witnesses, signed.size)
  })
})

describe('a bucket with object lock', () => {
  async function bucket(options: LockOptions = {}) {
    const server = await startLockedBucket(options)
    process.env['S3_WITNESS'] = server.credential.secret
    onTestFinished(async () => {
      delete process.env['S3_WITNESS']
      await server.stop()
    })
    const credential = { id: server.credential.id, secret: { env: 'S3_WITNESS' } }
    const place = { endpoint: server.endpoint, region: 'eu-central-1', bucket: 'audit', prefix: 'seen/', credential }
    return { server, config: { kind: 's3', bucket: place, retainMs: 30 * 86_400_000 } as const }
  }

  test('keeps each checkpoint as an object that is locked, once', async () => {
    const { witnesses: open, grow } = await growing()
    const { server, config } = await bucket()
    const name = (signed: { readonly note: string }) => parseCheckpoint(parseNote(signed.note).text).origin.replace('countersign/', '')
    const shown: string[] = []
    for (const count of [3, 9]) {
      const signed = await grow(count)
      shown.push(signed.note)
      for (const directory of [newDirectory(), newDirectory()]) {
        const witnesses = open([config], directory)
        witnesses.show(signed)
        await seen(witnesses, signed.size)
      }
      const kept = await new Bucket(config.bucket).get(`${name(signed)}/${String(signed.size).padStart(16, '0')}`)
      expect(String(Buffer.concat(await kept.toArray()))).toBe(signed.note)
    }
    expect(server.keys()).toHaveLength(2)
    expect(server.versions.map(({ body }) => body)).toEqual(shown)
    for (const { retained } of server.versions) {
      expect(retained?.mode).toBe('COMPLIANCE')
      const days = ((retained?.until ?? 0) - Date.now()) / 86_400_000
      expect(days).toBeGreaterThan(29)
      expect(days).toBeLessThanOrEqual(30)
    }
  })

  test('is what it has to be: one without object lock refuses, and so does the witness', async () => {
    const { witnesses: open, grow } = await growing()
    const { server, config } = await bucket({ lock: false })
    const witnesses = open([config])
    witnesses.show(await grow(1))
    await vi.waitFor(
      () => expect(witnesses.states).toMatchObject([{ size: 0, trouble: { disagrees: false, message: expect.stringContaining('InvalidRequest') } }]),
      SOON,
    )
    expect(server.versions).toEqual([])
    witnesses.stop()
  })

  test('that keeps another tree of this size disagrees', async () => {
    const { config } = await bucket()
    const [one, two] = [await growing(), await growing()]
    const witnesses = one.witnesses([config])
    const signed = await one.grow(3)
    witnesses.show(signed)
    await seen(witnesses, signed.size)
    two.sql(`update tree set origin = '${parseCheckpoint(parseNote(signed.note).text).origin}'`)
    const others = two.witnesses([config], newDirectory())
    others.show(await two.grow(3))
    await vi.waitFor(() => expect(others.states).toMatchObject([{ trouble: { disagrees: true } }]), SOON)
  })

  test('that refuses, or is away, is tried again and says why', async () => {
    const { witnesses: open, grow } = await growing()
    const { config } = await bucket()
    const witnesses = open([
      { ...config, bucket: { ...config.bucket, bucket: 'nowhere' } },
      { ...config, bucket: { ...config.bucket, endpoint: 'http://127.0.0.1:1' } },
    ])
    witnesses.show(await grow(1))
    const trouble = (message: string) => ({ size: 0, trouble: { disagrees: false, message: expect.stringContaining(message) } })
    await vi.waitFor(() => expect(witnesses.states).toMatchObject([trouble('NoSuchBucket'), trouble('does not answer')]), SOON)
    witnesses.stop()
  })
})

test('a webhook is told with a signature of Standard Webhooks, and again when it fails', async () => {
  const { witnesses: open, grow, directory } = await growing()
  const key = Buffer.alloc(32, 7)
  writeFileSync(join(directory, 'secret'), `whsec_${key.toString('base64')}\n`)
  const told: unknown[] = []
  const url = await serve((request, body, response) => {
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = request.headers
    expect(signature).toBe(
      `v1,${createHmac('sha256', key)
        .update(`${String(id)}.${String(timestamp)}.${body}`)
        .digest('base64')}`,
    )
    expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(60)
    told.push(JSON.parse(body))
    response.writeHead(told.length === 1 ? 503 : 204).end()
  })
  const witnesses = open([{ kind: 'webhook', url: `${url}/hidden-path`, secret: { file: join(directory, 'secret') } }])
  const signed = await grow(3)
  witnesses.show(signed)
  await vi.waitFor(() => expect(witnesses.states).toMatchObject([{ trouble: { message: expect.stringContaining('answered 503') } }]), SOON)
  await seen(witnesses, signed.size)
  expect(told).toHaveLength(2)
  expect(told[1]).toMatchObject({ type: 'ledger.checkpoint', data: { size: 4, note: signed.note } })
  expect(JSON.stringify(witnesses.states)).not.toContain('hidden-path')
  // After a restart it is known what they have seen.
  expect(open([{ kind: 'webhook', url: `${url}/hidden-path`, secret: { file: join(directory, 'secret') } }]).witnessed).toEqual({ size: 4, at: signed.at })
})
