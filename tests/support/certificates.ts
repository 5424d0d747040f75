import { chmodSync, chownSync, copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls, createSecureContext, TLSSocket } from 'node:tls'
import { sslRequest } from '@countersign/wire/postgres/encode'
import { expect, vi } from 'vitest'
import { loadCertificate } from '../../packages/gateway/src/net/certificate.ts'
import type { Stage } from './stage.ts'
import type { Place } from './wire.ts'

/** Files of one certificate that vouches for itself. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** A new one for the loopback, in this folder. `name` is its common name. */
export async function makeCertificate(folder: string, name = '127.0.0.1'): Promise<Certificate> {
  const anywhere = { host: '127.0.0.1', port: 0 }
  await loadCertificate({ tls: null, data: folder, url: `http://${name}`, listen: { http: anywhere, postgres: anywhere } })
  return { cert: join(folder, 'tls', 'cert.pem'), key: join(folder, 'tls', 'key.pem') }
}

/** Lets the target speak TLS with this certificate, and trust those that `ca` has signed. */
export async function turnTlsOn(stage: Pick<Stage, 'ask'>, { cert, key }: Certificate, ca: string | null = null): Promise<void> {
  const folder = await setting(stage, 'data_directory')
  const { uid, gid } = statSync(folder)
  for (const [from, to] of [[cert, 'server.crt'], [key, 'server.key'], ...(ca === null ? [] : [[ca, 'root.crt'] as const])] as const) {
    copyFileSync(from, join(folder, to))
    chmodSync(join(folder, to), 0o600)
    chownSync(join(folder, to), uid, gid)
  }
  if (ca !== null) await stage.ask("ALTER SYSTEM SET ssl_ca_file = 'root.crt'")
  await stage.ask('ALTER SYSTEM SET ssl = on')
  await stage.ask('SELECT pg_reload_conf()')
  await vi.waitFor(async () => expect(await setting(stage, 'ssl')).toBe('on'))
}

/** The target's own rules of who logs in how; ours come first. */
export async function allowLogins(stage: Pick<Stage, 'ask'>, rules: string): Promise<void> {
  const file = await setting(stage, 'hba_file')
  writeFileSync(file, rules + readFileSync(file, 'utf8'))
  await stage.ask('SELECT pg_reload_conf()')
}

const setting = async (stage: Pick<Stage, 'ask'>, name: string) => String((await stage.ask(`SHOW ${name}`))[0])

/** Somebody in between who ends TLS on both sides, with a certificate of its own, and passes everything on. */
export async function openMiddle(to: () => Place, { cert, key }: Certificate): Promise<Place & { close(): void }> {
  const secureContext = createSecureContext({ cert: readFileSync(cert), key: readFileSync(key) })
  const open = new Set<Socket>()
  const kept = (socket: Socket) => {
    open.add(socket)
    return socket.on('error', () => socket.destroy())
  }
  const server: Server = createServer((near) => {
    kept(near).once('data', () => {
      near.write('S')
      const secured = kept(new TLSSocket(near, { isServer: true, secureContext }))
      const far = kept(connect(to()))
      far.write(sslRequest())
      far.once('data', () => secured.pipe(kept(connectTls({ socket: far, rejectUnauthorized: false }))).pipe(secured))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const close = () => {
    server.close()
    for (const socket of open) socket.destroy()
  }
  return { host: '127.0.0.1', port: address.port, close }
}
