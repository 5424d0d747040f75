import { join } from 'node:path'
import { gatewaySide } from './gateway.ts'
import { launch, type Program } from './process.ts'
import { DATABASE, type Side, type SideName, SIDES, type Target } from './side.ts'

/** These ways to the target, all of them by SCRAM. `stack` stops what was started. */
export async function openSides(target: Target, ways: readonly SideName[], stack: AsyncDisposableStack): Promise<readonly Side[]> {
  const sides: Side[] = []
  for (const name of SIDES.filter((each) => ways.includes(each))) {
    const side = await open(name, target)
    stack.defer(() => side.stop())
    sides.push(side)
  }
  return sides
}

async function open(name: SideName, target: Target): Promise<Side> {
  const { user, password } = target
  switch (name) {
    case 'direct':
      return { name, pid: null, port: target.port, user, password, database: DATABASE, stop: () => Promise.resolve() }
    case 'pgbouncer':
      return { name, user, password, database: DATABASE, ...(await pgbouncer(target, 'session')) }
    case 'haproxy':
      return { name, user, password, database: DATABASE, ...(await haproxy(target)) }
    case 'relay':
      return { name, user, password, database: DATABASE, ...(await relay(target)) }
    case 'gateway':
      return gatewaySide(target)
  }
}

/** PgBouncer, pooling sessions: like the gateway, one backend for one client. Pooling transactions it lets few backends carry many idle sessions. */
export function pgbouncer({ host, port: upstream, user, password }: Target, pool: 'session' | 'transaction'): Promise<Program> {
  return launch({
    name: 'pgbouncer',
    command: 'pgbouncer',
    unprivileged: true,
    args: (_, folder) => ['--quiet', join(folder, 'pgbouncer.ini')],
    files: (port, folder) => ({
      'users.txt': `"${user}" "${password}"\n`,
      'pgbouncer.ini': [
        '[databases]',
        `${DATABASE} = host=${host} port=${upstream} dbname=${DATABASE}`,
        '[pgbouncer]',
        'listen_addr = 127.0.0.1',
        `listen_port = ${port}`,
        'unix_socket_dir =',
        `pool_mode = ${pool}`,
        'max_client_conn = 15000',
        'default_pool_size = 80',
        'listen_backlog = 1024',
        'auth_type = scram-sha-256',
        `auth_file = ${join(folder, 'users.txt')}`,
        'ignore_startup_parameters = extra_float_digits,statement_timeout,jit',
        'log_connections = 0',
        'log_disconnections = 0',
        '',
      ].join('\n'),
    }),
  })
}

/** HAProxy, passing TCP on: with as many threads as it finds cores, which is its default. */
function haproxy({ host, port: upstream }: Target): Promise<Program> {
  return launch({
    name: 'haproxy',
    command: 'haproxy',
    args: (_, folder) => ['-f', join(folder, 'haproxy.cfg'), '-db', '-q'],
    files: (port) => ({
      'haproxy.cfg': [
        'global',
        '  maxconn 9000',
        'defaults',
        '  mode tcp',
        '  timeout connect 10s',
        '  timeout client 1h',
        '  timeout server 1h',
        'listen postgres',
        `  bind 127.0.0.1:${port} backlog 1024`,
        `  server target ${host}:${upstream}`,
        '',
      ].join('\n'),
    }),
  })
}

/** A relay that looks at nothing: the floor for any gateway in one Node process. */
function relay({ port: upstream }: Target): Promise<Program> {
  return launch({
    name: 'the relay',
    command: process.execPath,
    args: (port) => [join(import.meta.dirname, 'relay.ts'), String(port), String(upstream)],
    files: () => ({}),
  })
}
