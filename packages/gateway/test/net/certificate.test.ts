import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { loadCertificate } from '../../src/net/certificate.ts'

let data: string

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'countersign-certificate-'))
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(data, { recursive: true, force: true })
})

const config = () => ({
  data,
  tls: null,
  url: 'https://cs.example.com:7070',
  listen: { http: { host: '127.0.0.1', port: 0 }, postgres: { host: '10.1.2.3', port: 0 } },
})

test('is made once, for every way the gateway is reached by, and its key is its owner’s alone', async () => {
  const made = await loadCertificate(config())
  const certificate = new X509Certificate(made.certificate)
  for (const name of ['localhost', 'cs.example.com']) expect(certificate.checkHost(name)).toBe(name)
  for (const address of ['127.0.0.1', '10.1.2.3']) expect(certificate.checkIP(address)).toBe(address)
  expect(certificate.checkHost('elsewhere.example.com')).toBeUndefined()
  expect(statSync(join(data, 'tls', 'key.pem')).mode & 0o077).toBe(0)
  expect((await loadCertificate(config())).certificate).toBe(made.certificate)
})

test('stands as the root of its own connection, as sslmode=verify-full wants', async () => {
  const { certificate, key } = await loadCertificate(config())
  const server = createServer({ cert: certificate, key }, (socket) => socket.end()).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const authorized = await new Promise<boolean>((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: address.port, ca: certificate, servername: 'cs.example.com' }, () => resolve(socket.authorized))
    socket.once('error', reject)
  })
  expect(authorized).toBe(true)
  await new Promise((resolve) => server.close(resolve))
})

test('that has expired is refused, with what to do', async () => {
  await loadCertificate(config())
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 6 * 365 * 86_400_000 })
  await expect(loadCertificate(config())).rejects.toThrow(/cert\.pem has expired; replace it, or remove it and its key to have a new one made/)
})
