import { readFileSync } from 'node:fs'
import { visible } from '@countersign/contract/visible'
import { LedgerError } from '@countersign/ledger/error'
import { parseCheckpoint } from '@countersign/ledger/checkpoint'
import { formatKey, parseKey, type VerifierKey, verifierKey } from '@countersign/ledger/key'
import { type VerifiedLog, verifyLog } from '@countersign/ledger/log'
import { isSameHash } from '@countersign/ledger/merkle'
import { parseNote } from '@countersign/ledger/note'
import type { Problem } from '@countersign/ledger/problem'
import { parseReceipt, type Receipt } from '@countersign/ledger/receipt'
import { type VerifiedReceipt, verifyReceipt } from '@countersign/ledger/verify-receipt'
import type { ReviewSignature } from '@countersign/ledger/verify-signatures'
import { toldClosed } from './closed-texts.ts'
import { CliError } from './error.ts'
import type { Output } from './output.ts'
import { remember, rememberedIn } from './remembered.ts'
import { filesIn } from './static-log.ts'

export interface ProofOptions {
  readonly key?: string
  readonly remember?: string
}

const PUBLIC_KEY = /^[A-Za-z0-9+/]{43}=$/

/**
 * The key that the caller trusts: as a vkey of signed-note, which names its tree, or as `ledger keys` and entries have it, 32 bytes in
 * base64, for whichever tree this is. Throws CliError.
 */
function trustedKey(text: string | undefined, checkpoint: Uint8Array | string | null): VerifierKey | undefined {
  if (text === undefined) return undefined
  try {
    if (!PUBLIC_KEY.test(text)) return parseKey(text)
    return verifierKey(parseCheckpoint(parseNote(checkpoint ?? '').text).origin, Buffer.from(text, 'base64'))
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    throw new CliError('failed', `no key to verify it with: ${error.message}`, 'give --key as `countersign ledger keys` prints it, or as NAME+ID+KEY')
  }
}

/** Verifies a static log, and remembers how far it was good. True when it is. */
export async function verifyDirectory(out: Output, directory: string, options: ProofOptions): Promise<boolean> {
  const read = filesIn(directory)
  const key = trustedKey(options.key, await read('checkpoint'))
  const before = rememberedIn(options.remember)
  const log = await verifyLog(read, { ...(key && { key }), ...(before && { remembered: before }) })
  const ok = log.problems.length === 0
  if (ok && log.note && options.remember !== undefined) remember(options.remember, log.note, before)
  if (out.json) out.data({ ok, log: directory, ...summary(log), entries: log.entries, chains: log.chains, problems: log.problems })
  else tellLog(out, directory, log, options, before !== null)
  return ok
}

/** Verifies a receipt: no gateway, no network. True when it is good. */
export function verifyReceiptFile(out: Output, file: string, options: ProofOptions): boolean {
  const read = readReceipt(file)
  const key = trustedKey(options.key, read.checkpoint)
  const before = rememberedIn(options.remember)
  const receipt = verifyReceipt(read, key && { key })
  const problems = [...receipt.problems, ...contradictions(receipt, before)]
  const ok = problems.length === 0
  if (ok && receipt.note && options.remember !== undefined) remember(options.remember, receipt.note, before)
  if (out.json)
    out.data({
      ok,
      receipt: file,
      ...summary(receipt),
      entries: receipt.entries,
      signatures: receipt.signatures,
      unopened: receipt.closed.length,
      closed: receipt.closed,
      story: receipt.story,
      problems,
    })
  else tellReceipt(out, file, { ...receipt, problems }, options)
  return ok
}

/** True for a file that may be a receipt rather than a journal's segment. */
export const isReceipt = (file: string): boolean =>
  !file.endsWith('.jsonl') && /^\s*\{\s*"format":\s*"countersign\/receipt\//.test(readFileSync(file).subarray(0, 200).toString('utf8'))

/** Throws CliError for what is no receipt. */
export function readReceipt(file: string): Receipt {
  try {
    return parseReceipt(readFileSync(file))
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    throw new CliError('failed', `${file} is no receipt: ${error.message}`, '`countersign ledger proof ID -o FILE` writes one')
  }
}

/** A receipt alone proves nothing about a tree of another size; of the same size there is one. */
function contradictions({ checkpoint }: VerifiedReceipt, before: ReturnType<typeof rememberedIn>): readonly Problem[] {
  if (!checkpoint || !before) return []
  if (checkpoint.origin !== before.origin)
    return [{ why: 'forked', place: 'checkpoint', message: `it is of ${checkpoint.origin}, and the one that was verified before of ${before.origin}` }]
  if (checkpoint.size !== before.size || isSameHash(checkpoint.root, before.root)) return []
  return [{ why: 'forked', place: 'checkpoint', message: `it signs another tree of ${before.size} entries than the one that was verified before` }]
}

const summary = ({ checkpoint, signed }: Pick<VerifiedLog, 'checkpoint' | 'signed'>) => ({
  origin: checkpoint?.origin ?? null,
  size: checkpoint?.size ?? null,
  extensions: checkpoint?.extensions ?? [],
  keys: signed.map(({ key }) => formatKey(key)),
})

function tellLog(out: Output, directory: string, log: VerifiedLog, options: ProofOptions, wasRemembered: boolean): void {
  if (log.problems.length > 0) return tellProblems(out, directory, log.problems)
  out.line(visible(`${directory}: ${log.entries} entries verified, of ${log.checkpoint?.origin ?? ''}: entries, tiles, chains and checkpoint agree`))
  for (const { gateway, entries, counts } of log.chains) if (!counts) out.line(visible(`  nobody vouches for ${gateway}, whose ${entries} entries are in it`))
  tellTrust(out, log, options)
  if (options.remember !== undefined)
    out.line(visible(wasRemembered ? `  it continues the checkpoint in ${options.remember}` : `  remembered in ${options.remember}`))
  else out.line('  whether it was cut, or is one of two, shows with --remember FILE, from the second time on')
}

function tellReceipt(out: Output, file: string, receipt: VerifiedReceipt, options: ProofOptions): void {
  if (receipt.problems.length > 0) return tellProblems(out, file, receipt.problems)
  const { story, checkpoint } = receipt
  out.line(
    visible(`${file}: the receipt of ${story.request} is good: ${receipt.entries} entries are in ${checkpoint?.origin ?? ''} of ${checkpoint?.size ?? 0}`),
  )
  for (const line of told(receipt)) out.line(visible(`  ${line}`))
  tellTrust(out, receipt, options)
}

/** What the entries prove, and what they do not. */
function* told({ story, signatures, closed, policy }: VerifiedReceipt): Generator<string> {
  const { opened, reviews, outcome, runs } = story
  yield `asked by ${JSON.stringify(opened?.['requester'])} on ${JSON.stringify(opened?.['resource'])} at ${JSON.stringify(opened?.['at'])}`
  yield opened?.['digest'] === undefined ? 'the action is not opened here' : `the action shown has the digest ${JSON.stringify(opened['digest'])}`
  for (const { reviewer, verdict, proven } of reviews)
    yield `${JSON.stringify(verdict)} by ${JSON.stringify(reviewer)}${proven === false ? ' (unproven token)' : ''}, ${bySignature(signatures.find((one) => one.reviewer === reviewer))}`
  yield `outcome: ${JSON.stringify(outcome?.['is'] ?? 'pending')}; ${runs.length} run under it`
  yield policy ? 'the policy text is the one by which it was judged' : 'the policy text is not in it'
  yield* toldClosed(closed)
}

/** One who reviews does it once. */
function bySignature(signature: ReviewSignature | undefined): string {
  if (!signature) return 'without a signature of his own'
  return signature.state === 'closed'
    ? `which ${signature.passkey} signed; what it signed is not opened here, so that is not verified`
    : `and ${signature.passkey}, which was enrolled for him then, signed exactly this`
}

/** Against which key it was verified, and what has to be believed all the same. */
function tellTrust(out: Output, { signed, checkpoint, note }: Pick<VerifiedLog, 'signed' | 'checkpoint' | 'note'>, { key }: ProofOptions): void {
  const [first] = signed
  const others = (note?.signatures.length ?? 0) - signed.length
  if (first) out.line(visible(`  signed by ${formatKey(first.key)}`))
  out.line(
    key === undefined
      ? '  trust: that key is the file’s own word; name the one you know with --key'
      : '  trust: the key that you named, or one that it leads to',
  )
  for (const line of checkpoint?.extensions ?? []) out.line(visible(`  the checkpoint says: ${line}`))
  if (others > 0) out.line(`  ${others} further signatures are by keys that are not known here`)
}

function tellProblems(out: Output, name: string, problems: readonly Problem[]): void {
  for (const { why, place, message } of problems) out.line(out.colors.red(visible(`${name}: ${place} is bad (${why}): ${message}`)))
}
