import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer as createTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { lacks } from '../../../../tests/support/needs.ts'
import type { ExportRecord } from '../../src/export/record.ts'
import { FileTarget } from '../../src/export/targets/file.ts'
import { framed, syslogMessage } from '../../src/export/targets/syslog-message.ts'
import { type Batch, TargetError } from '../../src/export/targets/target.ts'
import { Webhook } from '../../src/export/targets/webhook.ts'
import { sign } from '../../src/net/standard-webhooks.ts'
import { freePort, makeCertificate, openFile, openRsyslog, openStrictSyslog, openWebhook, type Receiver, SECRET, SENDER, syslogAt } from './receivers.ts'
import { parseMessage, readFrames } from './rfc5424.ts'

const recordOf = (value: unknown, index: number): ExportRecord => ({
  id: `gw-1:${index}`,
  at: 1_790_000_000_000 + index,
  type: 'session.started',
  severity: 'low',
  text: JSON.stringify(value),
})

let next = 0
function batchOf(values: readonly unknown[]): Batch {
  const from = next
  next += values.length
  return { id: `tree-0_x_${from}-${next}`, from, to: next, records: values.map((value, index) => recordOf(value, from + index)) }
}

const NEVER = new AbortController().signal
const anyValue = fc.record({ id: fc.nat(), text: fc.string({ unit: 'binary', maxLength: 200 }).map((text) => text.toWellFormed()) })

const RECEIVERS: readonly (readonly [string, () => Promise<Receiver>])[] = [
  ['a file', openFile],
  ['a webhook', openWebhook],
  ['a strict receiver of syslog', openStrictSyslog],
  ...(lacks('rsyslogd') || lacks('rsyslog-openssl') ? [] : [['rsyslog', openRsyslog] as const]),
]

/** As an export does it: a batch that was not taken for certain is delivered again. OpenSSL in rsyslogd garbles the end of a connection now and then. */
async function delivered({ target }: Receiver, batch: Batch): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await target.deliver(batch, NEVER)
    } catch (error) {
      if (tries === 10) throw error
    }
  }
}

/** Without what came again. */
function firstOfEach(received: readonly unknown[]): readonly unknown[] {
  const numberOf = (record: unknown) => (record as { readonly number: number }).number
  return received.filter((record, index) => received.findIndex((each) => numberOf(each) === numberOf(record)) === index)
}

describe.each(RECEIVERS)('%s', (_name, open) => {
  let receiver: Receiver
  beforeEach(async () => void (receiver = await open()))
  afterEach(() => receiver.remove())

  test('has every record of every batch, in order, whatever is in it', async () => {
    const sent: { readonly number: number; readonly value: unknown }[] = []
    const property = fc.asyncProperty(fc.array(anyValue, { minLength: 1, maxLength: 20 }), async (values) => {
      const numbered = values.map((value, index) => ({ number: sent.length + index, value }))
      await delivered(receiver, batchOf(numbered))
      sent.push(...numbered)
    })
    await fc.assert(property, { numRuns: 15 })
    await expect.poll(() => firstOfEach(receiver.received())).toEqual(sent)
  })

  test('takes a large batch', async () => {
    const values = Array.from({ length: 2_000 }, (_, id) => ({ id, text: 'x'.repeat(500) }))
    await receiver.target.deliver(batchOf(values), NEVER)
    await expect.poll(() => receiver.received().length).toBe(2_000)
    expect(receiver.received()).toEqual(values)
  })

  test('that is away fails the batch, which says so without what was in it; and takes it when it is back', async () => {
    const [first, second] = [
      { id: 1, text: 'one' },
      { id: 2, text: 'a canary' },
    ]
    await receiver.target.deliver(batchOf([first]), NEVER)
    await expect.poll(() => receiver.received()).toEqual([first])
    await receiver.goAway()
    const failure = await receiver.target.deliver(batchOf([second]), NEVER).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(TargetError)
    for (const secret of ['canary', 'hidden', SECRET]) expect(String(failure)).not.toContain(secret)
    await receiver.comeBack()
    await receiver.target.deliver(batchOf([second]), NEVER)
    await expect.poll(() => receiver.received()).toEqual([first, second])
  })
})

describe('a file', () => {
  test('loses what a crash cut off, and nothing else', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-file-'))
    const path = join(folder, 'out')
    for (const [before, after] of [
      ['{"a":1}\n{"b":', '{"a":1}\n'],
      ['{"a"', ''],
      [`{"a":1}\n{"b":"${'x'.repeat(200_000)}`, '{"a":1}\n'],
      ['{"a":1}\n', '{"a":1}\n'],
    ] as const) {
      writeFileSync(path, before)
      await new FileTarget(path).deliver(batchOf(['next']))
      expect(readFileSync(path, 'utf8')).toBe(`${after}"next"\n`)
    }
    rmSync(path)
    await new FileTarget(path).deliver(batchOf(['first']))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    rmSync(folder, { recursive: true })
  })
})

describe('a webhook', () => {
  test('signs as Standard Webhooks does: the vector of its own libraries', () => {
    const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64')
    const signature = sign(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', '1614265330', '{"test": 2432232314}')
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })

  test('has the same id and the same body each time it is tried, and a new time', async () => {
    const receiver = await openWebhook()
    let now = 1_790_000_000_000
    const target = new Webhook({ kind: 'webhook', url: receiver.url, secret: { env: 'EXPORT_TEST_SECRET' }, ca: null }, () => now)
    const batch = batchOf(['x'])
    await target.deliver(batch, NEVER).catch(() => undefined) // whose time the receiver finds too old
    now += 60_000
    await target.deliver(batch, NEVER).catch(() => undefined)
    const [first, second] = receiver.calls
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    expect(second?.body).toBe(first?.body)
    expect(Number(second?.headers['webhook-timestamp'])).toBe(Number(first?.headers['webhook-timestamp']) + 60)
    await receiver.remove()
  })

  test('waits as long as it is told to; a redirect is not followed, and Gone is not the end', async () => {
    const receiver = await openWebhook()
    const refusal = async (status: number, headers: Record<string, string>) => {
      receiver.answer = { status, headers }
      return receiver.target.deliver(batchOf(['x']), NEVER).catch((error: unknown) => error)
    }
    expect(await refusal(429, { 'retry-after': '7' })).toMatchObject({ notBefore: 7_000 })
    expect(await refusal(503, { 'retry-after': '99999999' })).toMatchObject({ notBefore: 3_600_000 })
    expect(await refusal(302, { location: receiver.url })).toMatchObject({ message: expect.stringContaining('answered 302') as string, notBefore: null })
    expect(await refusal(410, {})).toBeInstanceOf(TargetError)
    expect(receiver.calls).toHaveLength(4)
    await receiver.remove()
  })

  test('signs with an old secret beside a new one, and with none that is too short', async () => {
    const receiver = await openWebhook()
    const other = `whsec_${Buffer.alloc(24, 9).toString('base64')}`
    process.env['EXPORT_TEST_BOTH'] = `${SECRET} ${other}`
    const target = new Webhook({ kind: 'webhook', url: receiver.url, secret: { env: 'EXPORT_TEST_BOTH' }, ca: null })
    await target.deliver(batchOf(['x']), NEVER).catch(() => undefined)
    expect(String(receiver.calls[0]?.headers['webhook-signature'])).toMatch(/^v1,\S{44} v1,\S{44}$/)
    process.env['EXPORT_TEST_BOTH'] = 'whsec_c2hvcnQ='
    await expect(target.deliver(batchOf(['x']), NEVER)).rejects.toThrow('24 to 64 random bytes')
    expect(receiver.calls).toHaveLength(1)
    await receiver.remove()
  })
})

describe('syslog', () => {
  test('is RFC 5424 by a parser written from it, whatever a record says', () => {
    const text = fc.string({ unit: 'binary' }).map((value) => value.toWellFormed())
    const record = fc.record({
      value: fc.oneof(text, fc.dictionary(text, text)),
      type: text,
      severity: fc.constantFrom('informational', 'low', 'medium', 'high'),
    })
    const property = fc.property(fc.array(record, { maxLength: 5 }), text, text, (records, hostname, version) => {
      const made = records.map(({ value, ...rest }, index) => ({ ...recordOf(value, index), ...rest }))
      const bytes = Buffer.from(made.map((each) => framed(syslogMessage(each, { hostname, version }))).join(''))
      const { messages, rest } = readFrames(bytes)
      expect(rest).toBe(0)
      const parsed = messages.map(parseMessage)
      expect(parsed.map(({ text: json }) => JSON.parse(json) as unknown)).toEqual(records.map(({ value }) => JSON.parse(JSON.stringify(value)) as unknown))
      for (const message of parsed) expect(message).toMatchObject({ app: 'countersign', process: null, data: { origin: { software: 'countersign' } } })
    })
    fc.assert(property, { numRuns: 200 })
  })

  test('says what and how loud in its header', () => {
    const message = syslogMessage(recordOf({ a: 1 }, 0), SENDER)
    expect(message).toBe(
      '<109>1 2026-09-21T14:13:20.000Z gw.example.com countersign - session.started [origin software="countersign" swVersion="0.1.0"] {"a":1}',
    )
  })

  test('goes to nobody whom the configured authority does not vouch for', async () => {
    const receiver = await openStrictSyslog()
    const folder = mkdtempSync(join(tmpdir(), 'countersign-other-'))
    const { cert } = await makeCertificate(folder)
    const { port } = receiver
    await expect(syslogAt(port, cert).deliver(batchOf(['x']), NEVER)).rejects.toThrow(/self-signed certificate|unable to verify/)
    expect(receiver.received()).toEqual([])
    await receiver.remove()
    rmSync(folder, { recursive: true })
  })

  test('that is cut off before it was read is not delivered', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-cut-'))
    const { cert } = await makeCertificate(folder)
    const port = await freePort()
    const server = createTcp((socket) => socket.once('data', () => socket.resetAndDestroy())).listen(port, '127.0.0.1')
    await once(server, 'listening')
    await expect(syslogAt(port, cert).deliver(batchOf(['x']), NEVER)).rejects.toBeInstanceOf(TargetError)
    server.close()
    rmSync(folder, { recursive: true })
  })
})
