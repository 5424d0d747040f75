import { createSecretKey, randomBytes } from 'node:crypto'
import { encodeBase64 } from '../src/base64.ts'
import type { JsonValue } from '../src/canonical.ts'
import { canonical } from '../src/canonical.ts'
import { encodeEntry, hashEntry, NO_PREVIOUS, parseEntry } from '../src/entry.ts'
import { eventsOf, Group, openEvents } from '../src/group.ts'
import type { Signer } from '../src/key.ts'
import { leafHash, rootOf } from '../src/merkle.ts'
import { policyVersion } from '../src/policy-version.ts'
import { proveInclusion } from '../src/proof.ts'
import { encodeProof, type ProvenEntry, type Receipt, RECEIPT_FORMAT } from '../src/receipt.ts'
import { type DataKey, sealCanonical } from '../src/seal.ts'
import { Belonging, storyOf, type Told } from '../src/story.ts'
import { isPasskeyEvent } from '../src/passkey-history.ts'
import { isKeyEvent } from '../src/trust.ts'
import { createHash } from 'node:crypto'
import { checkpointOf, ORIGIN } from './static-log.ts'
import { storeOf } from './trees.ts'

type Json = Record<string, JsonValue>

export const dataKey: DataKey = { id: 'gw-a-000001', key: createSecretKey(randomBytes(32)) }
export const POLICY = [{ name: 'orders.cedar', text: 'permit (principal, action, resource);\n' }]

/** One gateway that writes what a gateway writes: sealed, chained, some of it in groups. */
export class Writer {
  readonly lines: string[] = []
  #prev = NO_PREVIOUS

  add(type: string, body: Json, secret: Json | null = null): void {
    this.#write(type, canonical(body), secret === null ? null : canonical(secret))
  }

  group(...events: readonly { readonly type: string; readonly body: Json; readonly secret: Json | null }[]): void {
    const group = new Group()
    for (const { type, body, secret } of events) group.add({ type, body: canonical(body), secret: secret && canonical(secret) })
    const { body, secret } = group.take()
    this.#write('actions', body, secret)
  }

  #write(type: string, body: string, secret: string | null): void {
    const place = { gateway: 'gw-a', seq: this.lines.length + 1 }
    const parts = secret === null ? {} : sealCanonical(secret, place, dataKey)
    const line = encodeEntry({ v: 1, ...place, prev: this.#prev, at: 1_700_000_000_000 + this.lines.length, type, body: JSON.parse(body), ...parts })
    this.#prev = hashEntry(line)
    this.lines.push(line)
  }
}

/** A request that was opened, reviewed, approved and run, among others' business. What is `withheld` is in no record, and its digest has a salt that is in none. */
export function requestOf(signer: Signer, request = 'req-1', withheld: 'text' | 'parameters' | null = null): Writer {
  const writer = new Writer()
  writer.add('gateway.enrolled', { key: encodeBase64(signer.publicKey) })
  const state = { clientEncoding: 'UTF8', database: 'orders', role: 'app', searchPath: 'public', standardConformingStrings: 'on' }
  const parameters = withheld === 'parameters' ? [{ format: 'text', type: 23, value: null, withheld: true }] : [{ format: 'text', type: 23, value: '7' }]
  const text = withheld === 'text' ? "ALTER ROLE app PASSWORD '(withheld)'" : 'DELETE FROM orders WHERE id = $1'
  const salt = withheld === null ? {} : { salt: randomBytes(32).toString('base64') }
  const bound = { kind: 'action', principal: 'alice@example.com', resource: 'orders-db', type: 'sql:write', state, text, parameters, ...salt }
  const digest = createHash('sha256').update(canonical(bound)).digest('hex')
  writer.add(
    'request.opened',
    {
      request,
      requester: 'alice@example.com',
      resource: 'orders-db',
      action: 'sql:write',
      statements: 1,
      policy: policyVersion(POLICY),
      policies: ['production-writes'],
    },
    { digest, reason: 'INC-7', ticket: null, state, text, parameters },
  )
  writer.add('request.opened', { request: 'req-2', requester: 'mallory@example.com', resource: 'orders-db' }, { text: 'of somebody else' })
  writer.add('request.reviewed', { request, reviewer: 'bob@example.com', groups: ['dba'], verdict: 'approve', proven: true }, { comment: 'matches INC-7' })
  writer.add('request.approved', { request, resource: 'orders-db', policies: ['production-writes'] })
  writer.add(
    'grant.issued',
    { grant: 'grant-1', request, subject: 'alice@example.com', resource: 'orders-db', coverage: 'exact', approvers: ['bob@example.com'] },
    { digest },
  )
  writer.add('action.started', { session: 's', run: 's.4', grants: ['grant-1'], requests: [request], type: 'sql:write' }, { text, parameters })
  writer.group(
    { type: 'action.started', body: { session: 't', run: 't.1' }, secret: { text: 'SELECT of_somebody_else()' } },
    { type: 'action.finished', body: { session: 's', run: 's.4', result: 'failed', summary: '23503', rows: 0 }, secret: { error: 'violates foreign key' } },
    { type: 'action.finished', body: { session: 't', run: 't.1', result: 'done' }, secret: null },
  )
  writer.add('gateway.stopped', { version: '0' })
  return writer
}

/** What a gateway makes of it. */
export async function receiptOf({ lines }: Writer, signer: Signer, request = 'req-1'): Promise<Receipt> {
  const leaves = lines.map((line) => leafHash(Buffer.from(line)))
  const { read } = await storeOf(leaves)
  const belonging = new Belonging(request)
  const events: Told[] = []
  const [entries, keys, passkeys]: [Receipt['entries'][number][], Receipt['keys'][number][], ProvenEntry[]] = [[], [], []]
  for (const [index, line] of lines.entries()) {
    const entry = parseEntry(line)
    const proven = { index, line, proof: encodeProof((await proveInclusion(read, index, lines.length)).proof) }
    if (isKeyEvent(entry)) keys.push(proven)
    if (isPasskeyEvent(entry)) passkeys.push(proven)
    const own = belonging.read(entry)
    if (own.length === 0) continue
    const secrets = openEvents(entry, new Map([[dataKey.id, dataKey]]))
    entries.push({ ...proven, opened: own.flatMap((event) => (secrets[event] ? [{ event, ...secrets[event] }] : [])) })
    for (const event of own)
      events.push({ ...(eventsOf(entry)[event] ?? { type: '', body: {} }), gateway: 'gw-a', at: entry.at, secret: secrets[event]?.secret ?? null })
  }
  const checkpoint = Buffer.from(checkpointOf(lines.length, rootOf(leaves), signer, ORIGIN)).toString()
  const receipt: Receipt = {
    format: RECEIPT_FORMAT,
    request,
    story: storyOf(request, events),
    policy: { version: policyVersion(POLICY), files: POLICY },
    entries,
    keys,
    ...(passkeys.length > 0 ? { passkeys } : {}),
    checkpoint,
  }
  return JSON.parse(JSON.stringify(receipt))
}
