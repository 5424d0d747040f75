import { connect, createServer, type Socket } from 'node:net'
import type { Place } from './wire.ts'

/** What one connection said through the tap, each direction by itself. */
export interface Tapped {
  readonly asked: () => Buffer
  readonly answered: () => Buffer
}

/** A listener between the gateway and its target that changes nothing and keeps a copy. */
export interface Tap extends Place {
  readonly connections: readonly Tapped[]
  close(): void
}

/** Whoever comes while there is nowhere to go (`to` throws) is turned away: a gateway may look at its targets as soon as it starts. */
export async function openTap(to: () => Place): Promise<Tap> {
  const connections: Tapped[] = []
  const open = new Set<Socket>()
  const server = createServer((near) => {
    const far = reach(to)
    if (far === null) return void near.destroy()
    connections.push({ asked: copyOf(near), answered: copyOf(far) })
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('error', () => socket.destroy())
    }
    return void near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    host: '127.0.0.1',
    port: address.port,
    connections,
    close: () => {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}

function reach(to: () => Place): Socket | null {
  try {
    return connect(to())
  } catch {
    return null
  }
}

function copyOf(socket: Socket): () => Buffer {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks)
}
