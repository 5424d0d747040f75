import { encodeBase64 } from '@countersign/ledger/base64'
import { LedgerError } from '@countersign/ledger/error'
import { parseKey, type VerifierKey } from '@countersign/ledger/key'
import { parseNote, type Signature, verifyNote } from '@countersign/ledger/note'
import { ANSWER_MS, reasonOf, type Shown, type Witness, WitnessError } from './witness.ts'

/** A cosignature is some hundred bytes; a witness may make several. */
const LONGEST_ANSWER = 64 * 1024

/** A witness of C2SP tlog-witness: it checks that each checkpoint continues the one that it saw last, and cosigns it. */
export class TlogWitness implements Witness {
  readonly name: string
  readonly #url: string
  readonly #key: VerifierKey

  /** `url` is its submission prefix, `key` its vkey. Throws LedgerError for what is none. */
  constructor(url: string, key: string) {
    this.#key = parseKey(key)
    this.name = `witness ${this.#key.name}`
    this.#url = `${url.replace(/\/$/, '')}/add-checkpoint`
  }

  async see(shown: Shown, before: number, signal: AbortSignal): Promise<readonly Signature[]> {
    const first = await this.#add(shown, Math.min(before, shown.size), signal)
    if (first.status !== 409) return this.#cosignatures(shown, first)
    // It tells what it has: more than we remember, or less than it should.
    const size = /^(0|[1-9]\d{0,15})\n$/.exec(first.text)?.[1]
    if (size === undefined || Number(size) > shown.size || Number(size) === before)
      throw this.#disagrees(`holds ${size === undefined ? 'something else' : `${size} entries`}`)
    return this.#cosignatures(shown, await this.#add(shown, Number(size), signal))
  }

  async #add(shown: Shown, before: number, signal: AbortSignal): Promise<{ readonly status: number; readonly text: string }> {
    const { proof } = await shown.proof(before)
    const body = [`old ${before}`, ...proof.map(encodeBase64), '', shown.text].join('\n')
    try {
      const answer = await fetch(this.#url, { method: 'POST', body, redirect: 'error', signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) })
      return { status: answer.status, text: await short(answer) }
    } catch (cause) {
      throw cause instanceof WitnessError ? cause : new WitnessError(`${this.name} does not answer (${reasonOf(cause)})`, { cause })
    }
  }

  #cosignatures(shown: Shown, { status, text }: { readonly status: number; readonly text: string }): readonly Signature[] {
    if (status === 404) throw new WitnessError(`${this.name} does not know ${shown.origin}: its operator has to add this log and its keys`)
    if (status === 403) throw new WitnessError(`${this.name} does not trust the key that signed: its operator has to add the key of this gateway`)
    if (status === 409 || status === 422) throw this.#disagrees(status === 409 ? 'has another tree of this size' : 'does not take the proof')
    if (status !== 200) throw new WitnessError(`${this.name} answered ${status}`)
    try {
      const note = { text: shown.note.text, signatures: parseNote(`${shown.note.text}\n${text}`).signatures }
      verifyNote(note, [this.#key])
      return note.signatures.filter(({ name, id }) => name === this.#key.name && id === this.#key.id)
    } catch (error) {
      if (error instanceof LedgerError) throw new WitnessError(`${this.name} answered with no cosignature of its key: ${error.message}`, { cause: error })
      throw error
    }
  }

  #disagrees(what: string): WitnessError {
    return new WitnessError(`${this.name} ${what}: the tree here is not the one that it saw`, { disagrees: true })
  }
}

async function short(answer: Response): Promise<string> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const piece of answer.body ?? []) {
    text += decoder.decode(piece, { stream: true })
    if (text.length > LONGEST_ANSWER) throw new WitnessError('a witness answered with more than any cosignature is long')
  }
  return text
}
