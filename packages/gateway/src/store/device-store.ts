/**
 * Somebody at a command line asks to be signed in (RFC 8628). `userCode` is what he types on the web, in capitals without a dash; the device code, which the
 * token is fetched with, is kept as its SHA-256 in hexadecimal. Times are Unix milliseconds.
 */
export interface DeviceRecord {
  readonly id: string
  readonly version: number
  readonly hash: string
  readonly userCode: string
  /** What it says of itself, and from where it asked: hostile text. */
  readonly client: string
  readonly host: string | null
  readonly address: string
  readonly createdAt: number
  readonly expiresAt: number
  /** `used`: its token was handed out. */
  readonly state: 'pending' | 'confirmed' | 'refused' | 'used'
  /** Who said so, and whether his login proved him. */
  readonly by: { readonly user: string; readonly mayReview: boolean; readonly proven: boolean } | null
  readonly polledAt: number | null
  /** How long to wait from one poll to the next. */
  readonly intervalMs: number
}

/** Table `devices`. */
export interface DeviceStore {
  /** False: `most` of them wait already, or one has this code; nothing changed. */
  insert(device: DeviceRecord, most: number): Promise<boolean>
  find(by: { readonly userCode: string } | { readonly hash: string }): Promise<DeviceRecord | null>
  /** When it was polled last, and how long it is to wait from now on: told beside the version, which is about what was decided. */
  polled(id: string, at: number, intervalMs: number): Promise<void>
  /** Replaces version `next.version - 1`. False: somebody else was first, nothing changed. */
  save(next: DeviceRecord): Promise<boolean>
  /** Removes those whose code was over before then, whatever became of it. */
  forget(before: number): Promise<void>
}
