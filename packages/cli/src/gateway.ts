import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

/** In a checkout the gateway's source beside this package; in the published package it is built next to the command itself. */
const PROGRAM = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../gateway/src/main.ts' : './gateway.js', import.meta.url))

/** Starts the gateway, which is a program of its own, in one of its modes: `start`, `admin` or `policy-check`. */
export function spawnGateway(args: readonly string[], stdio: StdioOptions): ChildProcess {
  return spawn(process.execPath, [PROGRAM, ...args], { stdio })
}

/**
 * Waits for a child that shares this terminal and gives its exit code, 128 + n when signal n ended it. A Ctrl-C at a
 * terminal reaches the child by itself, and passing it on would be a second one; every other signal is passed on.
 */
export function follow(child: ChildProcess): Promise<number> {
  const onInterrupt = () => {
    if (!process.stdin.isTTY) child.kill('SIGINT')
  }
  const passOn = (signal: NodeJS.Signals) => void child.kill(signal)
  process.on('SIGINT', onInterrupt).on('SIGTERM', passOn).on('SIGHUP', passOn)
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
  }).finally(() => process.off('SIGINT', onInterrupt).off('SIGTERM', passOn).off('SIGHUP', passOn))
}
