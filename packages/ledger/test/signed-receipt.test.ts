import { describe, expect, it } from 'vitest'
import { shownOf } from '../src/approval.ts'
import type { JsonValue } from '../src/canonical.ts'
import type { Receipt } from '../src/receipt.ts'
import { verifyReceipt } from '../src/verify-receipt.ts'
import {
  alices,
  BEFORE,
  BEGINNING,
  bobs,
  ENROLLED,
  type Entries,
  type Json,
  opened,
  OPENED,
  passkey,
  receiptFrom,
  REVIEW,
  reviewed,
  SECRET,
  signature,
  signer,
} from './signed.ts'
import { keyOf } from './static-log.ts'

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
