import type { Assertion, RequestOptions } from '@countersign/contract/schemas/webauthn'
import { DomainError } from '@countersign/core/error'
import type { Signature } from '@countersign/core/request'
import { challengeOf } from '@countersign/ledger/approval'
import { verifyAssertion } from '@countersign/ledger/assertion'
import { LedgerError } from '@countersign/ledger/error'
import type { Caller } from '../identity/caller.ts'
import type { PasskeyRecord } from '../store/store.ts'
import type { Signatures } from '../workflow/signing.ts'
import { type Presented, WorkflowError } from '../workflow/workflow.ts'
import type { PasskeysOptions } from './passkeys.ts'

const SIGN_IN = 'sign-in'

/** What passkeys prove: who somebody is, that he is there, and what he has approved. What is not good throws DomainError `signature-refused`. */
export class Proofs implements Signatures {
  readonly #options: PasskeysOptions

  constructor(options: PasskeysOptions) {
    this.#options = options
  }

  /** Nobody is named: the browser offers whichever passkeys it has for this gateway. */
  optionsToSignIn(): RequestOptions {
    return this.#options.ceremonies.request(SIGN_IN, [])
  }

  /** Whose passkey it is, and that he is there. */
  async signIn(assertion: Assertion): Promise<PasskeyRecord> {
    return this.#prove(SIGN_IN, assertion, null)
  }

  async optionsToStepUp(caller: Caller): Promise<RequestOptions> {
    return this.#options.ceremonies.request(stepUpAbout(caller), await this.#countingOf(caller.principal.user))
  }

  async stepUp(caller: Caller, assertion: Assertion): Promise<PasskeyRecord> {
    return this.#prove(stepUpAbout(caller), assertion, caller.principal.user)
  }

  /** To sign what is shown. */
  async optionsToSign(user: string, shown: string): Promise<RequestOptions> {
    return this.#options.ceremonies.requestFor(challengeOf(shown), await this.#countingOf(user))
  }

  /** Where a request is looked at and signed: under the name for which passkeys are made, whatever the gateway's URL calls this machine. */
  pageOf(request: string): string {
    return new URL(`/r/${request}`, this.#options.ceremonies.relyingParty?.origin ?? this.#options.ceremonies.url).href
  }

  /** It is verified twice: as any assertion, and as whoever has only the ledger will do it, so that nothing is taken that could not be verified afterwards. */
  async verify(user: string, { before, credential, assertion }: Presented, shown: string): Promise<Signature> {
    const { ceremonies } = this.#options
    const challenge = challengeOf(shown)
    const whole = { id: credential, rawId: credential, type: 'public-key' as const, response: { ...assertion } }
    const passkey = await this.#prove(challenge, whole, user)
    const { clientDataJSON, authenticatorData, signature } = assertion
    const publicKey = Buffer.from(passkey.publicKey, 'base64')
    try {
      verifyAssertion(assertion, { publicKey, challenge, rpId: passkey.rpId, isOrigin: (origin) => origin === ceremonies.relyingParty?.origin })
    } catch (error) {
      if (error instanceof LedgerError) throw refused(error.message)
      throw error
    }
    return { passkey: passkey.id, clientDataJSON, authenticatorData, signature, before }
  }

  async #countingOf(user: string): Promise<readonly PasskeyRecord[]> {
    const passkeys = await this.#options.store.passkeys.list({ user, status: 'active' })
    if (passkeys.length === 0)
      throw new WorkflowError('invalid', `${user} has no passkey that counts: an admin makes a link to enrol one (\`countersign user invite\`)`)
    return passkeys
  }

  /** `user` null: whoever's it is. It has been used then. */
  async #prove(about: string | Uint8Array, assertion: Assertion, user: string | null): Promise<PasskeyRecord> {
    const { store, ceremonies } = this.#options
    const passkey = await store.passkeys.findByCredential(assertion.id)
    if (!passkey) throw refused('it is not known here')
    if (user !== null && passkey.user !== user) throw refused(`it is ${passkey.user}'s, not ${user}'s`)
    const { counter } = await ceremonies.proven(about, assertion, passkey)
    return this.#use(passkey, counter)
  }

  /** By compare-and-set: of two uses with one count one is refused, at whichever gateways they come in. */
  async #use(passkey: PasskeyRecord, counter: number): Promise<PasskeyRecord> {
    const { store, clock } = this.#options
    for (let current: PasskeyRecord | null = passkey; current !== null; current = await store.passkeys.get(passkey.id)) {
      const why = whyNot(current, counter)
      if (why !== null) return this.#refuse(current, why)
      const next = { ...current, version: current.version + 1, counter, lastUsedAt: clock.now() }
      if (await store.passkeys.save(next)) return next
    }
    throw refused('it is not known here')
  }

  /** Somebody has the passkey and may not use it, or has a copy of it: that is worth an entry. */
  async #refuse({ id, user, counter: known }: PasskeyRecord, why: Refusal): Promise<never> {
    await this.#options.journal.append({ type: 'passkey.refused', body: { passkey: id, user, why, known } }, 'disk')
    throw refused(WHY[why])
  }
}

type Refusal = 'waiting' | 'removed' | 'counter'

const WHY: Readonly<Record<Refusal, string>> = {
  waiting: 'it counts once another admin has agreed to it',
  removed: 'it has been removed',
  counter: 'its authenticator counts it as used less often than it was, as a copy of it would: do not use it any more, and remove it',
}

/** WebAuthn Level 3, section 6.1.1: one that does not count says 0 for ever. */
function whyNot({ status, counter: known }: PasskeyRecord, counter: number): Refusal | null {
  if (status === 'waiting') return 'waiting'
  if (status !== 'active') return 'removed'
  return (known !== 0 || counter !== 0) && counter <= known ? 'counter' : null
}

/** It is for this sign-in, in this browser. */
function stepUpAbout({ by }: Caller): string {
  if (by.kind !== 'login') throw new WorkflowError('invalid', 'only who is signed in on the web proves it again')
  return `step-up ${by.id}`
}

const refused = (why: string) => new DomainError('signature-refused', `the passkey was refused: ${why}`)
