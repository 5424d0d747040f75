import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@countersign/contract/client'
import { ClientError } from '@countersign/contract/client-error'
import type { Change } from '@countersign/contract/schemas/change'
import type { Request } from '@countersign/contract/schemas/request'
import { EXIT } from './error.ts'

/** Reads again this often whatever the events say: they may be lost with their connection, or start too late. */
const POLL_MS = 3000

/**
 * Waits until a request is decided, or `signal` aborts; gives its latest state. Events make it quick. A gateway that does
 * not answer for a while is waited for, but not beyond the request's own end.
 */
export async function awaitDecision(client: Client, request: Request, signal: AbortSignal, onTrouble: (message: string) => void): Promise<Request> {
  const stop = new AbortController()
  const stream = client.events({ signal: AbortSignal.any([signal, stop.signal]) })
  let latest = request
  let change = nextChange(stream, request.id)
  try {
    while (latest.status === 'pending' && !signal.aborted) {
      const heard = await Promise.race([change, sleep(POLL_MS, 'time', { signal }).catch(() => 'aborted')])
      if (heard === 'change') change = nextChange(stream, request.id)
      if (!signal.aborted) latest = (await reread(client, latest, onTrouble)) ?? latest
    }
    return latest
  } finally {
    stop.abort()
  }
}

/** The exit code that says what became of a request. */
export function exitCodeOf(request: Request): number {
  switch (request.status) {
    case 'approved':
      return EXIT.ok
    case 'denied':
      return EXIT.denied
    case 'pending':
      return EXIT.pending
    case 'withdrawn':
    case 'expired':
      return EXIT.failed
  }
}

/** Resolves at the next change of this request. A stream that ends or breaks never does: reading again still goes on. */
async function nextChange(stream: AsyncGenerator<Change>, id: string): Promise<'change'> {
  try {
    for (let next = await stream.next(); !next.done; next = await stream.next()) {
      if (concerns(next.value, id)) return 'change'
    }
  } catch (error) {
    if (!(error instanceof ClientError)) throw error
  }
  return new Promise(() => undefined)
}

const concerns = (change: Change, id: string) => change.kind === 'resync' || (change.kind === 'request' && change.request.id === id)

async function reread(client: Client, { id, expiresAt }: Request, onTrouble: (message: string) => void): Promise<Request | null> {
  try {
    return await client.request({ id })
  } catch (error) {
    const passing = error instanceof ClientError && (error.code === 'unreachable' || (error.status ?? 0) >= 500)
    if (!passing || Date.now() > Date.parse(expiresAt)) throw error
    onTrouble(error.message)
    return null
  }
}
