import { createSecretKey, randomBytes } from 'node:crypto'
import { closeSync, existsSync, fstatSync, fsyncSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { DataKey } from '@countersign/ledger/seal'
import { z } from 'zod'
import { keyPath, syncDirectory, writeDurably } from './files.ts'
import { JournalBroken } from './journal.ts'

/** After so many uses a key is replaced: random nonces stay far from their limit, which is 2^32 (NIST SP 800-38D section 8.3). */
const MAX_USES = 2 ** 28

/** Whose key `keys/<id>.key` is. The name is in no file name and in no entry. */
const personShape = z.strictObject({ user: z.string(), at: z.int() })

const personPath = (directory: string, id: string): string => join(directory, 'keys', `${id}.person`)

interface Held {
  readonly key: DataKey
  uses: number
}

/** The keys that seal what policy marks as personal, one a person and journal, each made when it is needed first. */
export class PersonKeys {
  readonly #directory: string
  readonly #gateway: string
  readonly #held = new Map<string, Held>()

  constructor(directory: string, gateway: string) {
    this.#directory = directory
    this.#gateway = gateway
  }

  /** On disk before it returns. Throws JournalBroken for a file that holds no key. */
  keyOf(user: string): DataKey {
    const known = this.#held.get(user)
    const held = known && known.uses < MAX_USES ? known : { key: (known ? null : this.#find(user)) ?? this.#make(user), uses: 0 }
    held.uses += 1
    this.#held.set(user, held)
    return held.key
  }

  /** They were erased: nothing is sealed with them any more. */
  forget(ids: readonly string[]): void {
    for (const [user, { key }] of this.#held) if (ids.includes(key.id)) this.#held.delete(user)
  }

  #find(user: string): DataKey | null {
    const own = peopleIn(this.#directory).filter((person) => person.gateway === this.#gateway && person.user === user)
    const newest = own.toSorted((a, b) => b.at - a.at).find(({ id }) => existsSync(keyPath(this.#directory, id)))
    return newest ? this.#read(newest.id) : null
  }

  #make(user: string): DataKey {
    const id = `${this.#gateway}-person-${randomBytes(8).toString('hex')}`
    writeDurably(personPath(this.#directory, id), `${JSON.stringify({ user, at: Date.now() })}\n`)
    writeDurably(keyPath(this.#directory, id), `${randomBytes(32).toString('hex')}\n`)
    return this.#read(id)
  }

  #read(id: string): DataKey {
    const path = keyPath(this.#directory, id)
    const hex = readFileSync(path, 'utf8').trim()
    if (!/^[0-9a-f]{64}$/.test(hex))
      throw new JournalBroken(`${path} holds no key (64 hex digits); restore it from a backup, or move it away to start a new one`)
    return { id, key: createSecretKey(hex, 'hex') }
  }
}

/** A key of somebody in a data directory. `at`: when it was made, Unix milliseconds. */
export interface PersonKey {
  readonly id: string
  readonly gateway: string
  readonly user: string
  readonly at: number
}

/** Whose keys there are, of a gateway and of its workers. */
export function peopleIn(directory: string): readonly PersonKey[] {
  return readdirSync(join(directory, 'keys')).flatMap((name) => {
    const match = /^((.+)-person-[0-9a-f]{16})\.person$/.exec(name)
    const [, id, gateway] = match ?? []
    if (id === undefined || gateway === undefined) return []
    const person = personShape.safeParse(parseJson(readFileSync(personPath(directory, id), 'utf8')))
    if (!person.success) throw new JournalBroken(`${personPath(directory, id)} does not say whose key it is; restore it from a backup`)
    return [{ id, gateway, ...person.data }]
  })
}

/**
 * Erases keys for good, and returns their ids: whatever was sealed with them is gone. Overwritten first, for what that is worth where a file system or a disk
 * writes elsewhere. Tell those who hold them (`forget`).
 */
export function eraseKeys(directory: string, keys: readonly PersonKey[]): readonly string[] {
  for (const { id } of keys) {
    overwrite(keyPath(directory, id))
    rmSync(keyPath(directory, id), { force: true })
    rmSync(personPath(directory, id)) // last: until then it is found again
  }
  if (keys.length > 0) syncDirectory(join(directory, 'keys'))
  return keys.map(({ id }) => id)
}

function overwrite(path: string): void {
  if (!existsSync(path)) return
  const fd = openSync(path, 'r+')
  try {
    writeSync(fd, Buffer.alloc(fstatSync(fd).size))
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
