import { createPublicKey, verify } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PushMessage } from '@countersign/contract/schemas/notification'
import { makeCertificate } from '../export/receivers.ts'
import { aBrowser, type Browser } from './browser.ts'

/** A push service on the loopback: it believes nothing that RFC 8030 and RFC 8292 ask a service to check, and opens what came as the browser would. */
export interface PushService {
  readonly host: string
  /** The certificate that vouches for it. */
  readonly ca: string
  /** A browser that has subscribed for this key. */
  subscribe(applicationServerKey: string): Browser
  /** What browsers were shown, in order; one that may not be shown is an error instead. */
  readonly shown: (PushMessage | Error)[]
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders; readonly length: number }[]
  /** What it answers from now on, instead of taking messages. */
  answer: (response: ServerResponse) => void
  close(): Promise<void>
}

export const taken = (response: ServerResponse) => void response.writeHead(201).end()

export async function openPushService(): Promise<PushService> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-push-'))
  const { cert, key } = await makeCertificate(folder)
  const browsers = new Map<string, { readonly browser: Browser; readonly key: string }>()
  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const { url: path = '', headers } = request
      const body = Buffer.concat(pieces)
      service.requests.push({ path, headers, length: body.length })
      if (service.answer === taken) service.shown.push(open(path, headers, body))
      service.answer(response)
    })
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`
  const service: PushService = {
    host: 'localhost',
    ca: cert,
    subscribe: (applicationServerKey) => {
      const browser = aBrowser(`${origin}/push/${browsers.size}`)
      browsers.set(new URL(browser.subscription.endpoint).pathname, { browser, key: applicationServerKey })
      return browser
    },
    shown: [],
    requests: [],
    answer: taken,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      rmSync(folder, { recursive: true })
    },
  }

  function open(path: string, headers: IncomingHttpHeaders, body: Buffer): PushMessage | Error {
    const subscribed = browsers.get(path)
    if (!subscribed) return new Error(`nobody has subscribed at ${path}`)
    const why = whyNot(headers, body, { origin, key: subscribed.key })
    return why === null ? PushMessage.parse(subscribed.browser.read(body)) : new Error(why)
  }

  return service
}

/** What is wrong with a message, by RFC 8030 sections 5 and 7.2, and RFC 8292 sections 2 and 3. */
function whyNot(headers: IncomingHttpHeaders, body: Buffer, { origin, key }: { readonly origin: string; readonly key: string }): string | null {
  if (!/^\d+$/.test(String(headers['ttl']))) return 'there is no TTL'
  if (!/^[\w-]{1,32}$/.test(String(headers['topic']))) return 'the topic is none'
  if (headers['content-encoding'] !== 'aes128gcm' || body.length > 4096) return 'the body is not sealed, or is too long'
  const [, token = '', sender = ''] = /^vapid t=(\S+), k=(\S+)$/.exec(headers.authorization ?? '') ?? []
  if (sender !== key) return 'the browser has subscribed for another key'
  const [head = '', claims = '', signature = ''] = token.split('.')
  const point = Buffer.from(sender, 'base64url')
  const publicKey = createPublicKey({
    key: { kty: 'EC', crv: 'P-256', x: point.toString('base64url', 1, 33), y: point.toString('base64url', 33) },
    format: 'jwk',
  })
  const signed = verify('sha256', Buffer.from(`${head}.${claims}`), { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
  const { aud, exp, sub } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { aud: string; exp: number; sub: string }
  const left = exp - Date.now() / 1000
  if (!signed || aud !== origin || !(left > 0 && left <= 86_400)) return 'the sender has not proved who he is'
  return /^(mailto:|https:)/.test(sub) ? null : 'nobody can be asked who sends this'
}
