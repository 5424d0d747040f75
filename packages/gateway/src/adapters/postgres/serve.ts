import type { Duplex } from 'node:stream'
import { authenticationOk, backendKeyData, readyForQuery } from '@countersign/wire/postgres/encode'
import { ProtocolError } from '@countersign/wire/postgres/error'
import { type Client, Cut, type Gate, type Lease, type Lessor, type Session, type Target, Unavailable } from '../adapter.ts'
import { authenticate, type Method } from './authenticate.ts'
import { type CancelKey, cancelUpstream, Cancels } from './cancels.ts'
import type { Catalogs } from './catalog/catalogs.ts'
import type { Fencing } from './fence/fencing.ts'
import type { Fitness } from './check/fitness.ts'
import { ClientHold, sendNow } from './hold.ts'
import { Inbox } from './inbox.ts'
import { Names } from './names.ts'
import { ConnectionRefused, connectError, fatal } from './refuse.ts'
import { Relay } from './relay.ts'
import { Replies } from './replies.ts'
import { readStartup, type Startup } from './startup.ts'
import { closeUpstream, openUpstream, type Upstream, versionOf } from './upstream.ts'

export interface Options {
  /** How clients prove their token. `password` is used only inside TLS or on loopback; SCRAM everywhere else. */
  readonly auth: Method
  readonly catalogs: Catalogs
  readonly lessor: Lessor
  /** Says which targets accounts are safe on. */
  readonly fitness: Pick<Fitness, 'assert'>
  /** A cancel request whose key was not given out here: another process of this gateway may have done so. Resolves when it was told. */
  cancelElsewhere(key: CancelKey): Promise<void>
  /** What the fence is built on around a session with an account of its own, on a target of this major version. */
  fencingOf(target: Target, lease: Lease, version: number): Fencing
  /** What went wrong with a connection, for the operator's log. */
  refused(address: string, message: string): void
}

/** A client that has not proved who it is by then is stalling. */
const HANDSHAKE_MS = 15_000
const GOODBYE_MS = 2_000

/** The PostgreSQL protocol, one connection at a time: startup, token, `connect` judged, target, and then every statement. */
export class PostgresAdapter {
  readonly #gate: Gate
  readonly #options: Options
  readonly #cancels = new Cancels()

  constructor(gate: Gate, options: Options) {
    this.#gate = gate
    this.#options = options
  }

  /** Resolves when the connection is over, however it ended. */
  async serve(client: Client): Promise<void> {
    let speaking = client // over TLS once that is agreed
    const stalled = setTimeout(() => {
      this.#refuse(speaking, new ProtocolError('auth', `the client did not log in within ${HANDSHAKE_MS / 1000} s`))
      void goodbye(speaking.stream)
    }, HANDSHAKE_MS)
    try {
      const opening = await readStartup(client, (stream) => (speaking = { ...client, stream }))
      if (opening === null) return
      if (opening.kind === 'cancel') return await this.#cancel(opening)
      await this.#serveStartup(speaking, opening, () => clearTimeout(stalled))
    } catch (error) {
      this.#refuse(speaking, error)
    } finally {
      clearTimeout(stalled)
      await goodbye(speaking.stream)
    }
  }

  /** For a cancel request that came to another process. False: the key was not given out here. */
  cancel(key: CancelKey): boolean {
    return this.#cancels.cancel(key)
  }

  async #cancel(key: CancelKey): Promise<void> {
    if (!this.cancel(key)) await this.#options.cancelElsewhere(key)
  }

  async #serveStartup(client: Client, startup: Startup, loggedIn: () => void): Promise<void> {
    const { stream } = client
    const hold = new ClientHold(stream)
    let onClosed: () => void = () => hold.end('disconnected')
    const inbox = new Inbox(stream, startup.rest, () => onClosed())
    const token = await authenticate(this.#method(client, startup), startup, stream, inbox, this.#gate)
    loggedIn()
    stream.write(authenticationOk())
    const admitted = await this.#gate.connect(
      { token, resource: startup.resource, database: startup.database, client: client.address, purpose: startup.purpose },
      hold,
    )
    if (admitted.effect === 'refuse') return void stream.end(connectError(admitted))
    const { session, target } = admitted
    await this.#proxy({ client, startup, inbox, session, target, onClosed: (listener) => (onClosed = listener) })
  }

  async #proxy(admitted: Admitted): Promise<void> {
    const { client, startup, session, target } = admitted
    let lease: Lease | null = null
    let upstream: Upstream | null = null
    try {
      const named = new Map([...startup.settings, ['application_name', `countersign:${session.principal}:${session.id}`] as const])
      if (target.accounts !== null) lease = await this.#lease(session, target)
      const isKept = () => client.stream.writableLength > 0
      upstream = await openUpstream(lease ? loggingInAs(target, lease) : target, named, session.signal, isKept)
      await session.end(await this.#connected(admitted, upstream, lease))
    } catch (error) {
      await session.end(messageOf(error))
      throw error
    } finally {
      if (upstream) closeUpstream(upstream)
      lease?.end()
    }
  }

  async #lease(session: Session, target: Target): Promise<Lease> {
    const { resource } = target
    await this.#options.fitness.assert(target)
    try {
      return await this.#options.lessor.lease(session, resource)
    } catch (cause) {
      if (cause instanceof Cut) throw new ConnectionRefused('57P01', `terminating connection: ${cause.message}`, null, { cause })
      throw new ConnectionRefused(
        '57P03',
        `no account on ${resource} could be made for this session: ${messageOf(cause)}`,
        `Ask the operator of the gateway to run \`countersign resource check ${resource}\`: it says what is missing.`,
        { cause },
      )
    }
  }

  /** Both sides are there. Returns why it ended. */
  async #connected({ client, startup, inbox, session, target, onClosed }: Admitted, upstream: Upstream, lease: Lease | null): Promise<string> {
    const { stream } = client
    const names = new Names()
    const replies = new Replies(stream, upstream, names, (outcome) => session.record(outcome))
    const catalog = this.#options.catalogs.of(target)
    const relay = new Relay({
      client: stream,
      inbox,
      upstream,
      target,
      session,
      replies,
      names,
      catalog,
      fencing: lease && this.#options.fencingOf(target, lease, versionOf(upstream)),
    })
    const key = this.#cancels.issue(relay, startup.minor)
    onClosed(() => relay.leave())
    if (inbox.closed) relay.leave()
    greet(client, upstream, key)
    const cut = cutOf(session)
    try {
      return await Promise.race([
        relay.run().then(() => 'the client left'),
        this.#untilServerGone(replies, relay, client, target),
        cut.promise,
        ...(relay.over ? [relay.over] : []),
      ])
    } catch (error) {
      relay.stop()
      if (error instanceof Cut) return await this.#cut(client, target, upstream, replies, error)
      throw error
    } finally {
      cut.off()
      relay.leave()
      this.#cancels.withdraw(key)
    }
  }

  async #untilServerGone(replies: Replies, relay: Relay, { stream }: Client, { resource }: Target): Promise<string> {
    const why = await replies.relay()
    relay.leave()
    if (!replies.saidGoodbye && replies.atBoundary) stream.write(fatal('08006', `the connection to ${resource} is over: ${why}`, null))
    // What the server said last is on its way, and the client takes the time that it needs.
    await new Promise<void>((resolve) => stream.end(() => resolve()))
    return why
  }

  /** The client is told why, in its own protocol, and the target stops at once what it was doing. */
  async #cut({ stream }: Client, target: Target, upstream: Upstream, replies: Replies, cut: Cut): Promise<string> {
    if (replies.atBoundary) stream.write(fatal('57P01', `terminating connection: ${cut.message}`, null))
    stream.end()
    upstream.stream.pause()
    if (!replies.idle)
      await cancelUpstream(target, upstream).catch((error: unknown) =>
        this.#options.refused(target.resource, `the running query could not be cancelled: ${messageOf(error)}`),
      )
    upstream.stream.destroy()
    return cut.message
  }

  #method({ loopback }: Client, { encrypted }: Startup): Method {
    return this.#options.auth === 'password' && (encrypted || loopback) ? 'password' : 'scram'
  }

  #refuse({ stream, address }: Client, error: unknown): void {
    const message = messageOf(error)
    this.#options.refused(address, message)
    if (stream.writable) {
      if (error instanceof ConnectionRefused) stream.write(fatal(error.sqlstate, message, error.hint))
      else if (error instanceof ProtocolError) stream.write(fatal(error.code === 'auth' ? '28000' : '08P01', message, null))
      else if (error instanceof Unavailable) stream.write(fatal('57P03', message, null))
      else stream.write(fatal('XX000', 'the gateway failed, and its log says why', null))
    }
    stream.end()
  }
}

interface Admitted {
  readonly client: Client
  readonly inbox: Inbox
  readonly session: Session
  readonly target: Target
  readonly startup: Startup
  readonly onClosed: (listener: () => void) => void
}

function loggingInAs(target: Target, { account }: Lease): Target {
  return { ...target, username: account.name, password: () => Promise.resolve(account.password) }
}

function greet({ stream }: Client, upstream: Upstream, key: CancelKey): void {
  for (const message of upstream.greeting.splice(0)) stream.write(message)
  stream.write(backendKeyData(key.processId, key.secretKey))
  stream.write(readyForQuery('I'))
  sendNow(stream)
}

/** What was said last is on its way. A client that does not hang up then is not waited for. */
function goodbye(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) return resolve()
    const enough = setTimeout(() => stream.destroy(), GOODBYE_MS)
    stream.once('close', () => {
      clearTimeout(enough)
      resolve()
    })
    stream.resume() // closing with bytes unread would take back what was said
    stream.end()
    return undefined
  })
}

/** Rejects with the Cut when the session must end. */
function cutOf({ signal }: Session): { readonly promise: Promise<never>; off(): void } {
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason instanceof Error ? signal.reason : new Error('the session was ended'))
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  return { promise, off: () => signal.removeEventListener('abort', onAbort) }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
