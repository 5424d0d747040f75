import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { constants } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { findConfig } from './config-file.ts'
import { CliError, systemCode } from './error.ts'
import { spawnGateway } from './gateway.ts'

/** A gateway that only answers its host's administrator, started for one command. */
const READY_WITHIN_MS = 30_000

/**
 * Runs `use` with the path of DIR's admin socket. When no gateway runs on DIR one is started for as long as `use`
 * takes; that one needs the configuration file.
 */
export async function withAdminSocket<T>(data: string, config: string | undefined, use: (socket: string) => Promise<T>): Promise<T> {
  const socket = join(resolve(data), 'admin.sock')
  if (await answers(socket)) return use(socket)
  const file = findConfig(config, data, `no gateway runs on ${resolve(data)}, and there is no configuration file to start one for this command`)
  const child = spawnGateway(['admin', '--config', file, '--data', resolve(data)], ['ignore', 'pipe', 'pipe'])
  // A signal that ends this command must not leave the gateway behind; Ctrl-C at a terminal reaches both by itself.
  const onSignal = (signal: NodeJS.Signals) => {
    child.kill()
    process.exit(128 + constants.signals[signal])
  }
  process.once('SIGTERM', onSignal).once('SIGINT', onSignal)
  try {
    await ready(child)
    return await use(socket)
  } finally {
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal)
    await stop(child)
  }
}

/** True when somebody listens there. A socket file that a killed gateway left behind does not count. */
async function answers(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return false
    throw new CliError('failed', `${path} cannot be reached (${code ?? String(error)})`, adviceFor(code), { cause: error })
  } finally {
    socket.destroy()
  }
}

const adviceFor = (code: string | null) =>
  code === 'EACCES' ? 'run this as the user that runs the gateway' : 'check that --data names the data directory of the gateway'

/** Resolves when the gateway prints `{"ready":true,…}`; what it logs is shown only if it fails. */
export async function ready(child: ChildProcess): Promise<void> {
  let log = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-4000)))
  const { stdout } = child
  if (!stdout) throw new CliError('failed', 'the gateway was started without an output to read')
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('close', () =>
      reject(new CliError('failed', `the gateway could not start for this command:\n${log.trim()}`, 'mend what it names, then run this again')),
    )
    setTimeout(
      () => reject(new CliError('failed', `the gateway was not ready within ${READY_WITHIN_MS / 1000} s`, 'try `countersign start` to see why')),
      READY_WITHIN_MS,
    ).unref()
  })
  await Promise.race([firstReadyLine(createInterface({ input: stdout })), failed])
  stdout.resume() // a full pipe would stop the gateway at its next log line
}

async function firstReadyLine(lines: AsyncIterable<string>): Promise<void> {
  for await (const line of lines) if (isReady(line)) return
  await new Promise(() => undefined) // it has ended without being ready: `close` says so
}

function isReady(line: string): boolean {
  try {
    const message: unknown = JSON.parse(line)
    return typeof message === 'object' && message !== null && 'ready' in message && message.ready === true
  } catch (error) {
    if (error instanceof SyntaxError) return false // another line of its output
    throw error
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  await gone
}
