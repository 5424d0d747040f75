import { connect, createServer, type Socket } from 'node:net'

/**
 * Passes bytes to a PostgreSQL and back, and looks at none of them: what a connection through one Node process costs
 * before anything is parsed, judged or written down. `node bench/pgbench/relay.ts PORT UPSTREAM-PORT`, on loopback.
 */
const [port, upstream] = process.argv.slice(2).map(Number)
if (!port || !upstream) throw new Error('usage: relay.ts PORT UPSTREAM-PORT')

function pass(from: Socket, to: Socket): void {
  from.setNoDelay(true)
  from.on('data', (chunk) => to.write(chunk))
  from.on('error', () => to.destroy())
  from.on('close', () => to.end())
}

createServer((client) => {
  const server = connect(upstream, '127.0.0.1')
  pass(client, server)
  pass(server, client)
}).listen(port, '127.0.0.1')
