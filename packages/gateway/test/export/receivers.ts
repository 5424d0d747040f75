import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { type AddressInfo, connect, createServer as createTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer as createTls, type TLSSocket } from 'node:tls'
import { FileTarget } from '../../src/export/targets/file.ts'
import { Syslog } from '../../src/export/targets/syslog.ts'
import type { Target } from '../../src/export/targets/target.ts'
import { Webhook } from '../../src/export/targets/webhook.ts'
import { sign } from '../../src/net/standard-webhooks.ts'
import { loadCertificate } from '../../src/net/certificate.ts'
import { parseMessage, readFrames } from './rfc5424.ts'

/** A target, and who is behind it. */
export interface Receiver {
  readonly target: Target
  /** The JSON texts that it has taken, in order. */
  received(): readonly unknown[]
  /** From now on it takes nothing. */
  goAway(): Promise<void>
  comeBack(): Promise<void>
  remove(): Promise<void>
}

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
export const SENDER = { hostname: 'gw.example.com', version: '0.1.0' }

/** One that vouches for itself, for the loopback. */
export async function makeCertificate(folder: string): Promise<{ readonly cert: string; readonly key: string }> {
  const anywhere = { host: '127.0.0.1', port: 0 }
  await loadCertificate({ tls: null, data: folder, url: 'http://127.0.0.1', listen: { http: anywhere, postgres: anywhere } })
  return { cert: join(folder, 'tls', 'cert.pem'), key: join(folder, 'tls', 'key.pem') }
}

const folderOf = () => mkdtempSync(join(tmpdir(), 'countersign-export-'))

export function openFile(): Promise<Receiver> {
  const folder = folderOf()
  const path = join(folder, 'ledger.jsonl')
  const lines = () => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [])
  return Promise.resolve({
    target: new FileTarget(path),
    received: () => lines().map((line): unknown => JSON.parse(line)),
    goAway: () => {
      if (existsSync(path)) renameSync(path, `${path}.kept`)
      mkdirSync(path)
      return Promise.resolve()
    },
    comeBack: () => {
      rmSync(path, { recursive: true })
      if (existsSync(`${path}.kept`)) renameSync(`${path}.kept`, path)
      return Promise.resolve()
    },
    remove: () => Promise.resolve(rmSync(folder, { recursive: true })),
  })
}

export interface WebhookReceiver extends Receiver {
  readonly url: string
  /** What it answers next, until it is set otherwise. */
  answer: { status: number; headers: Record<string, string> }
  readonly calls: { readonly headers: IncomingHttpHeaders; readonly body: string }[]
}

/** It checks each signature and keeps each id, as Standard Webhooks asks of a receiver. */
export async function openWebhook(): Promise<WebhookReceiver> {
  process.env['EXPORT_TEST_SECRET'] = SECRET
  const taken = new Map<string, string>()
  const receiver = { answer: { status: 204, headers: {} as Record<string, string> }, calls: [] as { headers: IncomingHttpHeaders; body: string }[] }
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const body = Buffer.concat(pieces).toString()
      receiver.calls.push({ headers: request.headers, body })
      const [id = '', timestamp = '', signature = ''] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => String(request.headers[name]))
      const isGood = signature === sign(Buffer.alloc(32, 7), id, timestamp, body) && Math.abs(Date.now() / 1000 - Number(timestamp)) < 300
      if (isGood && receiver.answer.status < 300) taken.set(id, body)
      response.writeHead(isGood ? receiver.answer.status : 401, receiver.answer.headers).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/hook?key=hidden`
  return Object.assign(receiver, {
    url,
    target: new Webhook({ kind: 'webhook', url, secret: { env: 'EXPORT_TEST_SECRET' }, ca: null }),
    received: () => [...taken.values()].flatMap((body) => (JSON.parse(body) as { data: { records: unknown[] } }).data.records),
    goAway: () => Promise.resolve(void (receiver.answer = { status: 503, headers: {} })),
    comeBack: () => Promise.resolve(void (receiver.answer = { status: 200, headers: {} })),
    remove: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  })
}

/** A receiver of RFC 5425 that is as strict as the RFCs let it be. */
export async function openStrictSyslog(): Promise<Receiver & { readonly port: number }> {
  const folder = folderOf()
  const { cert, key } = await makeCertificate(folder)
  const sockets = new Set<TLSSocket>()
  const texts: string[] = []
  const server = createTls({ cert: readFileSync(cert), key: readFileSync(key) }, (socket) => {
    sockets.add(socket)
    const pieces: Buffer[] = []
    socket.on('error', () => socket.destroy())
    socket.on('data', (piece: Buffer) => void pieces.push(piece))
    socket.on('end', () => {
      const { messages, rest } = readFrames(Buffer.concat(pieces))
      if (rest > 0) socket.destroy(new Error('cut off'))
      else socket.end()
      texts.push(...messages.map((message) => parseMessage(message).text))
    })
  })
  server.on('tlsClientError', () => undefined)
  const port = await listening(server, 0)
  return {
    port,
    target: syslogAt(port, cert),
    received: () => texts.map((text): unknown => JSON.parse(text)),
    goAway: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
    comeBack: async () => void (await listening(server, port)),
    remove: async () => {
      for (const socket of sockets) socket.destroy()
      if (server.listening) server.close()
      await Promise.resolve(rmSync(folder, { recursive: true }))
    },
  }
}

/** Debian's rsyslogd with its OpenSSL driver, on the loopback, as an ordinary process of ours. */
export async function openRsyslog(): Promise<Receiver> {
  const folder = folderOf()
  const { cert, key } = await makeCertificate(folder)
  const port = await freePort()
  const log = join(folder, 'received')
  writeFileSync(join(folder, 'rsyslog.conf'), rsyslogConfig({ folder, cert, key, port, log }))
  let child: ChildProcess | null = null
  const start = async () => {
    child = spawn('rsyslogd', ['-n', '-f', join(folder, 'rsyslog.conf'), '-i', join(folder, 'pid')], { stdio: 'ignore' })
    await reachable(port)
  }
  const stop = async (signal: NodeJS.Signals) => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
  await start()
  return {
    target: syslogAt(port, cert),
    received: () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : []).map((line): unknown => JSON.parse(line)),
    goAway: () => stop('SIGTERM'),
    comeBack: start,
    remove: async () => {
      await stop('SIGKILL')
      rmSync(folder, { recursive: true })
    },
  }
}

interface RsyslogConfig {
  readonly folder: string
  readonly cert: string
  readonly key: string
  readonly port: number
  readonly log: string
}

/** Each message’s text on a line of its own, as it was sent. */
const rsyslogConfig = ({ folder, cert, key, port, log }: RsyslogConfig) => `
global(workDirectory="${folder}" maxMessageSize="1m" defaultNetstreamDriverCAFile="${cert}" defaultNetstreamDriverCertFile="${cert}" defaultNetstreamDriverKeyFile="${key}")
module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
input(type="imtcp" address="127.0.0.1" port="${port}")
template(name="msg" type="string" string="%msg%\\n")
*.* action(type="omfile" file="${log}" template="msg" asyncWriting="off" flushOnTXEnd="on")
`

export const syslogAt = (port: number, ca: string): Syslog =>
  new Syslog({ kind: 'syslog', host: '127.0.0.1', port, tls: { ca, cert: null, key: null } }, SENDER)

async function listening(server: ReturnType<typeof createTls>, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

export async function freePort(): Promise<number> {
  const server = createTcp().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function reachable(port: number): Promise<void> {
  for (let tries = 0; ; tries++) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch (error) {
      if (tries > 100) throw error
      await sleep(50)
    } finally {
      socket.destroy()
    }
  }
}
