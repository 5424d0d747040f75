import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { socketFetch } from '../src/socket.ts'

let folder: string
let server: Server | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-socket-'))
})
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  rmSync(folder, { recursive: true })
})

async function serve(listener: RequestListener): Promise<typeof fetch> {
  const path = join(folder, 'admin.sock')
  server = createServer(listener)
  await new Promise<void>((resolve) => server?.listen(path, resolve))
  return socketFetch(path)
}

describe('fetch over a unix socket', () => {
  it('sends method, path, query, headers and body, and gives status, headers and body', async () => {
    const fetch = await serve((request, response) => {
      void text(request).then((body) => {
        response.writeHead(418, { 'x-two': ['a', 'b'] })
        response.end(`${request.method} ${request.url} ${request.headers['content-type']} ${request.headers['host']} ${body}`)
      })
    })
    const answer = await fetch('http://example.com/a%20b?c=d', { method: 'POST', body: '{"é":1}', headers: { 'content-type': 'application/json' } })
    expect(answer.status).toBe(418)
    expect(answer.headers.get('x-two')).toBe('a, b')
    expect(await answer.text()).toBe('POST /a%20b?c=d application/json localhost {"é":1}')
  })

  it('takes an answer without a body', async () => {
    const fetch = await serve((_, response) => response.writeHead(204).end())
    expect((await fetch('http://localhost/')).status).toBe(204)
  })

  it('streams: an event is there before the next is sent, and aborting ends the connection', async () => {
    const gone = Promise.withResolvers<void>()
    const fetch = await serve((_, response) => {
      response.on('close', () => gone.resolve())
      response.write('data: 1\n\n')
    })
    const stop = new AbortController()
    const answer = await fetch('http://localhost/', { signal: stop.signal })
    const reader = answer.body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('data: 1\n\n')
    stop.abort()
    await expect(reader?.read()).rejects.toThrow(/abort/)
    await gone.promise
  })

  it('rejects when nobody listens', async () => {
    await expect(socketFetch(join(folder, 'nobody.sock'))('http://localhost/')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
