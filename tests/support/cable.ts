import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** The way to a server, which a test can cut: what is behind it is real. */
export interface Cable {
  readonly host: string
  readonly port: number
  /** As when the server was stopped: every connection breaks, and new ones are refused. */
  pull(): Promise<void>
  /** As when its machine vanished: nobody answers, and nobody says so. */
  freeze(): void
  /** As before. */
  plug(): Promise<void>
  close(): Promise<void>
}

const HOST = '127.0.0.1'

export async function layCable(to: { readonly host: string; readonly port: number }): Promise<Cable> {
  const ends = new Set<Socket>()
  let frozen = false
  const server = createServer((near) => {
    const far = connect(to)
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(end)
      end.on('error', () => end.destroy())
      end.on('close', () => {
        ends.delete(end)
        other.destroy()
      })
      end.pipe(other)
      if (frozen) end.unpipe(other).pause()
    }
  })
  const listen = async (port: number) => {
    server.listen(port, HOST)
    await once(server, 'listening') // rejects by the server's error
  }
  await listen(0)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const pull = () =>
    new Promise<void>((resolve) => {
      if (!server.listening) return resolve()
      server.close(() => resolve())
      for (const end of ends) end.destroy()
      return undefined
    })
  return {
    host: HOST,
    port: address.port,
    pull,
    freeze: () => {
      frozen = true
      for (const end of ends) end.unpipe().pause()
    },
    plug: async () => {
      if (frozen) await pull()
      frozen = false
      await listen(address.port)
    },
    close: pull,
  }
}
