import { once } from 'node:events'
import { createServer } from 'node:net'
import { systemCode } from '../error.ts'

export const HOST = '127.0.0.1'

/** A loopback port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const port = await tryPort(0)
  if (port === null) throw new Error(`no free port on ${HOST}`)
  return port
}

/** `preferred` when it is free, else another one. */
export async function portNear(preferred: number): Promise<number> {
  return (await tryPort(preferred)) ?? (await freePort())
}

async function tryPort(port: number): Promise<number | null> {
  const server = createServer()
  try {
    await once(server.listen(port, HOST), 'listening')
    const address = server.address()
    return address !== null && typeof address === 'object' ? address.port : null
  } catch (error) {
    if (systemCode(error) === 'EADDRINUSE') return null
    throw error
  } finally {
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
}
