import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { OpenAPIHono } from '@hono/zod-openapi'
import { generate } from 'selfsigned'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Env } from '../../src/api/env.ts'
import { serveAdminSocket, serveApi } from '../../src/api/listen.ts'
import { overSocket } from './bed.ts'

const app = new OpenAPIHono<Env>()
app.get('/', (c) => c.text(c.env.door ?? 'tcp'))

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cs-listen-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

describe('the admin socket', () => {
  test('is open to its owner alone even in an open directory, says which door it is, and goes when it is closed', async () => {
    await chmod(directory, 0o777)
    const path = join(directory, 'admin.sock')
    const socket = await serveAdminSocket({ app, path })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await (await overSocket(path)('http://localhost/', {})).text()).toBe('admin-socket')
    await socket.close()
    expect(await readdir(directory)).toEqual([])
  })

  test('replaces what a killed gateway left', async () => {
    const path = join(directory, 'admin.sock')
    spawnSync(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`])
    expect((await stat(path)).isSocket()).toBe(true)
    const socket = await serveAdminSocket({ app, path })
    expect(await (await overSocket(path)('http://localhost/', {})).text()).toBe('admin-socket')
    await socket.close()
  })

  test('leaves a living gateway and a file alone', async () => {
    const path = join(directory, 'admin.sock')
    const first = await serveAdminSocket({ app, path })
    await expect(serveAdminSocket({ app, path })).rejects.toThrow(/another gateway answers/)
    expect(await (await overSocket(path)('http://localhost/', {})).text()).toBe('admin-socket')
    await first.close()
    await writeFile(path, 'mine')
    await expect(serveAdminSocket({ app, path })).rejects.toThrow(/in the way/)
    expect(await readdir(directory)).toEqual(['admin.sock'])
  })

  test('a directory that is not there is an error that names the socket', async () => {
    await expect(serveAdminSocket({ app, path: join(directory, 'gone', 'admin.sock') })).rejects.toThrow(/gone/)
  })
})

describe('the TCP listener', () => {
  test('refuses to carry tokens in clear off loopback', async () => {
    await expect(serveApi({ app, address: { host: '0.0.0.0', port: 0 } })).rejects.toThrow(/in clear/)
  })

  test('says which address is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const address = taken.address()
    const port = typeof address === 'object' && address ? address.port : 0
    await expect(serveApi({ app, address: { host: '127.0.0.1', port } })).rejects.toThrow(`127.0.0.1:${port} cannot be had: another program is listening there`)
    taken.close()
  })

  test('speaks TLS with the certificate it is given', async () => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
      keyType: 'ec',
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
    })
    const listener = await serveApi({ app, address: { host: '0.0.0.0', port: 0 }, tls: { cert, key } })
    const [answer] = (await once(get({ host: '127.0.0.1', servername: 'localhost', port: listener.address.port, ca: cert, agent: false }), 'response')) as [
      IncomingMessage,
    ]
    expect(answer.statusCode).toBe(200)
    answer.resume()
    await listener.close()
  })
})
