import { createSecretKey, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { encodeEntry, hashEntry, NO_PREVIOUS } from '../src/entry.ts'
import { type DataKey, seal, type Secret } from '../src/seal.ts'

export interface TestEvent {
  readonly type: string
  readonly body: Secret
  readonly secret: Secret | null
}

export const newKey = (id: string): DataKey => ({ id, key: createSecretKey(randomBytes(32)) })

export const bodies = fc.dictionary(
  fc.string({ unit: 'grapheme' }),
  fc.jsonValue().map((value): Secret[string] => JSON.parse(JSON.stringify(value))),
  { maxKeys: 4 },
)

export const events = (minLength: number) =>
  fc.array(fc.record({ type: fc.constantFrom('action.decided', 'grant.issued'), body: bodies, secret: fc.option(bodies) }), { minLength, maxLength: 8 })

/** The lines of one gateway's chain, as a journal writes them. */
export function chainOf(list: readonly TestEvent[], key: DataKey, gateway = 'gw-test'): string[] {
  let prev = NO_PREVIOUS
  return list.map(({ type, body, secret }, index) => {
    const place = { gateway, seq: index + 1 }
    const line = encodeEntry({ v: 1, ...place, prev, at: 1_700_000_000_000 + index, type, body, ...(secret && seal(secret, place, key)) })
    prev = hashEntry(line)
    return line
  })
}
