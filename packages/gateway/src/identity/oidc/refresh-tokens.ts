import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writeDurably } from '../../journal/files.ts'

const shape = z.strictObject({
  person: z.string().regex(/^person-[0-9a-f]{1,40}$/),
  issuer: z.string(),
  subject: z.string(),
  user: z.string(),
  /** The exchange that it came from, as logins have it. */
  flow: z.string(),
  token: z.string(),
  /** When the issuer last answered for it, Unix milliseconds. */
  checkedAt: z.int(),
})

/** What an issuer gave for asking again about one person. */
export type Held = Readonly<z.infer<typeof shape>>

/**
 * Refresh tokens of this gateway's sign-ins: files in its data directory, its owner's alone like its keys, and never in the shared store. So only the gateway
 * where somebody signed in last asks about him again.
 */
export class RefreshTokens {
  readonly #folder: string
  readonly #held = new Map<string, Held>()

  /** Reads what is there; a file that is none of ours is left alone. */
  constructor(data: string) {
    this.#folder = join(data, 'refresh')
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    for (const name of readdirSync(this.#folder)) {
      const held = name.endsWith('.json') ? parse(readFileSync(join(this.#folder, name), 'utf8')) : null
      if (held) this.#held.set(held.person, held)
    }
  }

  all(): readonly Held[] {
    return [...this.#held.values()]
  }

  /** On disk before it returns; in the place of the one before. */
  keep(held: Held): void {
    writeDurably(this.#path(held.person), `${JSON.stringify(held)}\n`)
    this.#held.set(held.person, held)
  }

  forget(person: string): void {
    this.#held.delete(person)
    rmSync(this.#path(person), { force: true })
  }

  #path(person: string): string {
    return join(this.#folder, `${person}.json`)
  }
}

function parse(text: string): Held | null {
  try {
    return shape.parse(JSON.parse(text))
  } catch {
    return null
  }
}
