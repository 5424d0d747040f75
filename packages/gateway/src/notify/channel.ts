import type { PersonalChannel } from '@countersign/core/notification'
import type { User } from '../identity/caller.ts'
import type { Message } from './message.ts'

/** One message to one person. `id` is the same when it is sent again because it was not taken, so that whoever took it after all knows it. */
export interface Parcel {
  readonly id: string
  readonly message: Message
  readonly to: User
}

/** A way to tell people. */
export interface Channel {
  /** Resolves when it was taken; for who has nothing to be told by, too. Rejects with DeliveryError. `signal` ends the attempt. */
  send(parcel: Parcel, signal: AbortSignal): Promise<void>
}

/** Those that this gateway has. */
export type Channels = Readonly<Partial<Record<PersonalChannel, Channel>>>

/** Longer than this no service may take for one message. */
export const ANSWER_MS = 10_000

/** A message was not taken. Its own message holds no secret, no address and nothing of what was said. */
export class DeliveryError extends Error {
  /** It would not be taken the next time either. */
  readonly final: boolean
  /** It is the service that fails, and not this message or its reader: nobody can be told by it now. */
  readonly everybody: boolean
  /** Not to be tried again before this many milliseconds, where the service said so. */
  readonly notBefore: number | null

  constructor(
    message: string,
    { final = false, everybody = false, notBefore = null, ...options }: ErrorOptions & Partial<Pick<DeliveryError, 'final' | 'everybody' | 'notBefore'>> = {},
  ) {
    super(message, options)
    this.name = 'DeliveryError'
    this.final = final
    this.everybody = everybody
    this.notBefore = notBefore
  }
}

/** The system's own words, or its code where there are none. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || ('code' in error ? String(error.code) : error.name)
}
