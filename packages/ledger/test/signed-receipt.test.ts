import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Authenticator } from '../../../tests/support/authenticator.ts'
import { challengeOf, shownOf } from '../src/approval.ts'
import type { JsonValue } from '../src/canonical.ts'
import { policyVersion } from '../src/policy-version.ts'
import { parseReceipt, type Receipt } from '../src/receipt.ts'
import { verifyReceipt } from '../src/verify-receipt.ts'
import { keyOf, newSigner } from './static-log.ts'
import { POLICY, receiptOf, Writer } from './told.ts'

type Json = Record<string, JsonValue>

const signer = newSigner()
const RP = 'gateway.example.com'
const ORIGIN = 'https://gateway.example.com'
/** Of the first entry of a writer; each next one is a millisecond later. */
const BEGINNING = 1_700_000_000_000

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

const bobs = enrolled()
const alices = enrolled()

const STATE = { clientEncoding: 'UTF8', database: 'orders', role: 'app', searchPath: 'public', standardConformingStrings: 'on' }
const TEXT = 'DELETE FROM orders WHERE id = 7'
const OPENED: Json = {
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
const SECRET: Json = { digest: hash('sha256', BOUND), salt: 'c0ffee', reason: 'INC-7', ticket: null, state: STATE, text: TEXT, parameters: [] }
const REVIEW: Json = {
  request: 'req-1',
  reviewer: 'bob@example.com',
  groups: ['dba'],
  verdict: 'approve',
  proven: true,
  given: { kind: 'once' },
  passkey: 'pk-1',
}
const ENROLLED: Json = { passkey: 'pk-1', user: 'bob@example.com', key: bobs.key, rpId: RP, waits: false, by: 'inv-1' }
const BEFORE = BEGINNING + 60_000

/** What Bob signs: what was asked, and what he gives. */
function signature(over: { shown?: string; by?: Authenticator; tricks?: Parameters<Authenticator['get']>[1]; before?: number } = {}): Json {
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

type Entries = readonly (readonly [type: string, body: Json, secret?: Json])[]

const opened: Entries[number] = ['request.opened', OPENED, SECRET]
const passkey: Entries[number] = ['passkey.enrolled', ENROLLED]
const reviewed = (signed: Json, body: Json = REVIEW, comment = 'matches INC-7'): Entries[number] => ['request.reviewed', body, { comment, signature: signed }]

async function receiptFrom(...entries: Entries): Promise<Receipt> {
  const writer = new Writer()
  writer.add('gateway.enrolled', { key: Buffer.from(signer.publicKey).toString('base64') })
  for (const [type, body, secret] of entries) writer.add(type, body, secret ?? null)
  writer.add('request.approved', { request: 'req-1', resource: 'orders-db', policies: ['production-writes'] })
  return parseReceipt(Buffer.from(JSON.stringify(await receiptOf(writer, signer))))
}

const verify = (receipt: Receipt) => verifyReceipt(receipt, { key: keyOf(signer) })

describe('a receipt of an approval that a passkey signed', () => {
  it('is good, and says with which passkey', async () => {
    const { problems, signatures, story } = verify(await receiptFrom(passkey, opened, reviewed(signature())))
    expect(problems).toEqual([])
    expect(signatures).toEqual([{ reviewer: 'bob@example.com', passkey: 'pk-1', state: 'good' }])
    expect(story.reviews).toMatchObject([{ passkey: 'pk-1', comment: 'matches INC-7', signature: { before: BEFORE } }])
  })

  it('is good of a key that another admin has agreed to', async () => {
    const waiting: Entries[number] = ['passkey.enrolled', { ...ENROLLED, waits: true }]
    const agreed: Entries[number] = ['passkey.reviewed', { passkey: 'pk-1', user: 'bob@example.com', counts: true, by: 'carol@example.com' }]
    expect(verify(await receiptFrom(waiting, agreed, opened, reviewed(signature()))).problems).toEqual([])
  })

  it('may have texts that are closed: nobody can say then whether it is good', async () => {
    const receipt = await receiptFrom(passkey, opened, reviewed(signature()))
    const closed = { ...receipt, entries: receipt.entries.map((entry) => ({ ...entry, opened: [] })) }
    expect(verify(closed).signatures).toEqual([{ reviewer: 'bob@example.com', passkey: 'pk-1', state: 'closed' }])
  })

  const removed: Entries[number] = ['passkey.removed', { passkey: 'pk-1', user: 'bob@example.com', waits: false, by: 'bob@example.com' }]
  const shownWith = (over: Json, given: JsonValue = { kind: 'once' }, comment = 'matches INC-7') =>
    signature({ shown: shownOf('req-1', { ...OPENED, ...SECRET, ...over }, { reviewer: 'bob@example.com', given, comment, before: BEFORE }) })
  it.each<[string, RegExp, Entries]>([
    ['no signature', /there is none/, [passkey, opened, reviewed({}, { ...REVIEW, passkey: null })]],
    ['a signature of no form', /not in the form/, [passkey, opened, reviewed({ clientDataJSON: 7 })]],
    ['a signature over another statement', /what was signed is not this/, [passkey, opened, reviewed(shownWith({ text: 'DELETE FROM orders' }))]],
    ['a signature over other parameters', /what was signed is not this/, [passkey, opened, reviewed(shownWith({ parameters: [{ value: '8' }] }))]],
    ['a signature over another impact', /what was signed is not this/, [passkey, opened, reviewed(shownWith({ impact: { rows: 1 } }))]],
    ['a signature over another policy', /what was signed is not this/, [passkey, opened, reviewed(shownWith({ policy: 'v2' }))]],
    ['a signature over less than was given', /what was signed is not this/, [passkey, opened, reviewed(shownWith({}, { kind: 'duration', ms: 1 }))]],
    ['a signature over another comment', /what was signed is not this/, [passkey, opened, reviewed(shownWith({}, { kind: 'once' }, 'fine'))]],
    ['a signature with more time than was signed', /what was signed is not this/, [passkey, opened, reviewed({ ...signature(), before: BEFORE + 1 })]],
    ['a signature that came too late', /later than it could be given/, [passkey, opened, reviewed(signature({ before: BEGINNING + 3 }))]],
    ['a signature of another key', /not signed with this key/, [passkey, opened, reviewed(signature({ by: alices.authenticator }))]],
    ['a signature that was altered', /not signed with this key/, [passkey, opened, reviewed({ ...signature(), signature: 'MEUCIQ' })]],
    ['a signature of nobody verified', /PIN or a finger/, [passkey, opened, reviewed(signature({ tricks: { flags: 0x01 } }))]],
    ['a signature that was made to enrol', /not made to prove/, [passkey, opened, reviewed(signature({ tricks: { type: 'webauthn.create' } }))]],
    ['a key that is not in it', /no entry here enrols it/, [opened, reviewed(signature())]],
    ['a key that was enrolled later', /only later/, [opened, reviewed(signature()), passkey]],
    ['a key that was removed before', /had been removed/, [passkey, removed, opened, reviewed(signature())]],
    [
      'a key that was to be removed, whatever its owner says',
      /had been removed/,
      [
        passkey,
        ['passkey.removed', { ...removed[1], waits: true }],
        ['passkey.reviewed', { passkey: 'pk-1', counts: true, by: 'bob@example.com' }],
        opened,
        reviewed(signature()),
      ],
    ],
    ['a key that waits for another admin', /no other admin/, [['passkey.enrolled', { ...ENROLLED, waits: true }], opened, reviewed(signature())]],
    ["another person's key", /is alice@example\.com's/, [['passkey.enrolled', { ...ENROLLED, user: 'alice@example.com' }], opened, reviewed(signature())]],
    ['a key that was enrolled twice', /more than once/, [passkey, ['passkey.enrolled', { ...ENROLLED, key: alices.key }], opened, reviewed(signature())]],
    [
      'a key of another domain',
      /is not the gateway's|another domain/,
      [['passkey.enrolled', { ...ENROLLED, rpId: 'example.org' }], opened, reviewed(signature())],
    ],
  ])('with %s is not believed, and says so', async (_name, why, entries) => {
    const { problems } = verify(await receiptFrom(...entries))
    expect(problems).toEqual([{ why: 'unsigned', place: 'review by bob@example.com', message: expect.stringMatching(why) }])
  })

  it('with an enrolment that is not in the tree is not believed', async () => {
    const receipt = await receiptFrom(passkey, opened, reviewed(signature({ by: alices.authenticator })))
    const forged = { ...receipt, passkeys: (receipt.passkeys ?? []).map((one) => ({ ...one, line: one.line.replace(bobs.key, alices.key) })) }
    expect(verify(forged).problems.map(({ place }) => place)).toEqual(['entry 1', 'review by bob@example.com'])
  })

  it('of a key that was removed afterwards stays good', async () => {
    expect(verify(await receiptFrom(passkey, opened, reviewed(signature()), removed)).problems).toEqual([])
  })
})
