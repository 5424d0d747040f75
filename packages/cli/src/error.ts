/** Exit codes are a promise: scripts and agents branch on them. */
export const EXIT = { ok: 0, failed: 1, usage: 2, denied: 3, pending: 4 } as const

export type CliCode = Exclude<keyof typeof EXIT, 'ok'>

/** A command cannot do what was asked. `message` says what happened and why, `next` what to do now. */
export class CliError extends Error {
  readonly code: CliCode
  readonly next: string | null

  constructor(code: CliCode, message: string, next: string | null = null, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CliError'
    this.code = code
    this.next = next
  }
}

/** What a system call failed with (`ENOENT`), or null when the error came from elsewhere. */
export function systemCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}
