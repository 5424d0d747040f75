import { hash } from 'node:crypto'
import { Authenticator } from '../../../tests/support/authenticator.ts'
import { challengeOf, shownOf } from '../src/approval.ts'
import type { JsonValue } from '../src/canonical.ts'
import type { Signer } from '../src/key.ts'
import { policyVersion } from '../src/policy-version.ts'
import { parseReceipt, type Receipt } from '../src/receipt.ts'
import { newSigner } from './static-log.ts'
import { POLICY, receiptOf, Writer } from './told.ts'

export type Json = Record<string, JsonValue>

export const signer: Signer = newSigner()
export const RP = 'gateway.example.com'
const ORIGIN = 'https://gateway.example.com'
/** Of the first entry of a writer; each next one is a millisecond later. */
export const BEGINNING = 1_700_000_000_000

/** A passkey as a browser enrols one, and the COSE_Key that stands behind the credential in its authenticator data. */
function enrolled(origin = ORIGIN) {
  const authenticator = new Authenticator(origin)
  const options = {
    challenge: 'AAAA',
    rp: { id: RP, name: 'Countersign' },
    user: { id: 'AAAA', name: 'bob@example.com', displayName: 'Bob' },
    pubKeyCredParams: [{ type: 'public-key' as const, alg: -7 }],
    timeout: 1000,
    excludeCredentials: [],
    authenticatorSelection: { residentKey: 'required' as const, requireResidentKey: true as const, userVerification: 'required' as const },
    attestation: 'none' as const,
  }
  const { id, response } = authenticator.create(options)
  const object = Buffer.from(response.attestationObject, 'base64url')
  const cose = object.subarray(object.indexOf(Buffer.from(id, 'base64url')) + 20)
  return { authenticator, key: cose.toString('base64') }
}

export const bobs = enrolled()
export const alices = enrolled()

const STATE = { clientEncoding: 'UTF8', database: 'orders', role: 'app', searchPath: 'public', standardConformingStrings: 'on' }
const TEXT = 'DELETE FROM orders WHERE id = 7'
export const OPENED: Json = {
  request: 'req-1',
  requester: 'alice@example.com',
  resource: 'orders-db',
  action: 'sql:write',
  statements: 1,
  sign: true,
  policy: policyVersion(POLICY),
  policies: ['production-writes'],
}
const BOUND = `{"kind":"action","parameters":[],"principal":"alice@example.com","resource":"orders-db","state":${JSON.stringify(STATE)},"text":"${TEXT}","type":"sql:write"}`
export const SECRET: Json = { digest: hash('sha256', BOUND), salt: 'c0ffee', reason: 'INC-7', ticket: null, state: STATE, text: TEXT, parameters: [] }
export const REVIEW: Json = {
  request: 'req-1',
  reviewer: 'bob@example.com',
  groups: ['dba'],
  verdict: 'approve',
  proven: true,
  given: { kind: 'once' },
  passkey: 'pk-1',
}
export const ENROLLED: Json = { passkey: 'pk-1', user: 'bob@example.com', key: bobs.key, rpId: RP, waits: false, by: 'inv-1' }
export const BEFORE = BEGINNING + 60_000

/** What Bob signs: what was asked, and what he gives. */
export function signature(over: { shown?: string; by?: Authenticator; tricks?: Parameters<Authenticator['get']>[1]; before?: number } = {}): Json {
  const { by = bobs.authenticator, before = BEFORE, tricks } = over
  const shown =
    over.shown ?? shownOf('req-1', { ...OPENED, ...SECRET }, { reviewer: 'bob@example.com', given: { kind: 'once' }, comment: 'matches INC-7', before })
  const challenge = Buffer.from(challengeOf(shown)).toString('base64url')
  const {
    clientDataJSON,
    authenticatorData,
    signature: signed,
  } = by.get({ challenge, rpId: RP, timeout: 1, userVerification: 'required', allowCredentials: [] }, tricks).response
  return { clientDataJSON, authenticatorData, signature: signed, before }
}

export type Entries = readonly (readonly [type: string, body: Json, secret?: Json])[]

export const opened: Entries[number] = ['request.opened', OPENED, SECRET]
export const passkey: Entries[number] = ['passkey.enrolled', ENROLLED]
export const reviewed = (signed: Json, body: Json = REVIEW, comment = 'matches INC-7'): Entries[number] => [
  'request.reviewed',
  body,
  { comment, signature: signed },
]

export async function receiptFrom(...entries: Entries): Promise<Receipt> {
  const writer = new Writer()
  writer.add('gateway.enrolled', { key: Buffer.from(signer.publicKey).toString('base64') })
  for (const [type, body, secret] of entries) writer.add(type, body, secret ?? null)
  writer.add('request.approved', { request: 'req-1', resource: 'orders-db', policies: ['production-writes'] })
  return parseReceipt(Buffer.from(JSON.stringify(await receiptOf(writer, signer))))
}
