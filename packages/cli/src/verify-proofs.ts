import { readFileSync } from 'node:fs'
import { visible } from '@countersign/contract/visible'
import { LedgerError } from '@countersign/ledger/error'
import { type Checkpoint, parseCheckpoint } from '@countersign/ledger/checkpoint'
import { formatKey, parseKey, type VerifierKey, verifierKey } from '@countersign/ledger/key'
import { type LogOptions, type VerifiedLog, verifyLog } from '@countersign/ledger/log'
import { isSameHash } from '@countersign/ledger/merkle'
import { parseNote } from '@countersign/ledger/note'
import type { Problem, ReadFile } from '@countersign/ledger/problem'
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
  const tree = await verifyTree(filesIn(directory), options)
  if (out.json) out.data({ log: directory, ...presented(tree) })
  else tellTree(out, directory, tree, options)
  return tree.ok
}

/** A tree that was verified, and the checkpoint of before in the file that --remember names. */
export interface Tree extends VerifiedLog {
  readonly ok: boolean
  readonly before: Checkpoint | null
}

/** Verifies a tree, wherever its files are, against what more is known of it; and remembers how far it was good. */
export async function verifyTree(read: ReadFile, options: ProofOptions, { remembered = [], beyond }: Omit<LogOptions, 'key'> = {}): Promise<Tree> {
  const key = trustedKey(options.key, await read('checkpoint'))
  const before = rememberedIn(options.remember)
  const log = await verifyLog(read, { ...(key && { key }), ...(beyond && { beyond }), remembered: [...(before ? [before] : []), ...remembered] })
  const ok = log.problems.length === 0
  if (ok && log.note && options.remember !== undefined) remember(options.remember, log.note, before)
  return { ...log, ok, before }
}

/** As `--json` has it. */
export const presented = ({ ok, entries, beyond, chains, problems, ...tree }: Tree) => ({ ok, ...summary(tree), entries, beyond, chains, problems })

/** Verifies a receipt: no gateway, no network. True when it is good. */
export function verifyReceiptFile(out: Output, file: string, options: ProofOptions): boolean {
  const read = readReceipt(file)
  const key = trustedKey(options.key, read.checkpoint)
  const before = rememberedIn(options.remember)
  const receipt = verifyReceipt(read, key && { key })
  const compared = compare(receipt, before)
  const problems = [...receipt.problems, ...compared.problems]
  const ok = problems.length === 0
  // In the place of one of another tree it would be taken for its continuation by the next run, which nothing here shows.
  if (ok && receipt.note && options.remember !== undefined && !before) remember(options.remember, receipt.note, null)
  if (out.json)
    out.data({
      ok,
      receipt: file,
      ...summary(receipt),
      entries: receipt.entries,
      unopened: receipt.closed.length,
      closed: receipt.closed,
      story: receipt.story,
      ...(before && { sameTree: compared.sameTree }),
      problems,
    })
  else {
    tellReceipt(out, file, { ...receipt, problems }, options)
    if (ok && before && receipt.checkpoint) tellCompared(out, receipt.checkpoint, before, options.remember ?? '')
  }
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

interface Compared {
  /** Null: a receipt has proofs under its own checkpoint only, so it cannot say. */
  readonly sameTree: boolean | null
  readonly problems: readonly Problem[]
}

/** Of one size there is one tree. Of two sizes a receipt does not show whether the larger continues the smaller: an exported ledger does. */
function compare({ checkpoint }: VerifiedReceipt, before: Checkpoint | null): Compared {
  if (!checkpoint || !before) return { sameTree: null, problems: [] }
  const forked = (message: string): Compared => ({ sameTree: false, problems: [{ why: 'forked', place: 'checkpoint', message }] })
  if (checkpoint.origin !== before.origin) return forked(`it is of ${checkpoint.origin}, and the one that is remembered of ${before.origin}`)
  if (checkpoint.size !== before.size) return { sameTree: null, problems: [] }
  if (isSameHash(checkpoint.root, before.root)) return { sameTree: true, problems: [] }
  return forked(`it signs another tree of ${before.size} entries than the one that is remembered`)
}

function tellCompared(out: Output, { size }: Checkpoint, before: Checkpoint, file: string): void {
  if (size === before.size) return out.line(visible(`  its tree is the one in ${file}`))
  const [less, more] = [Math.min(size, before.size), Math.max(size, before.size)]
  out.line(
    visible(
      `  its tree has ${size} entries, the one in ${file} ${before.size}: they are of one name, and no receipt can show that the ${more} begin with the ${less}`,
    ),
  )
  out.line(visible(`  \`countersign ledger export --format tiles DIR\` and \`countersign ledger verify DIR --remember ${file}\` do; ${file} is left as it is`))
}

const summary = ({ checkpoint, signed }: Pick<VerifiedLog, 'checkpoint' | 'signed'>) => ({
  origin: checkpoint?.origin ?? null,
  size: checkpoint?.size ?? null,
  extensions: checkpoint?.extensions ?? [],
  keys: signed.map(({ key }) => formatKey(key)),
})

/** What became of verifying a tree, for people. */
export function tellTree(out: Output, name: string, tree: Tree, options: ProofOptions): void {
  if (tree.problems.length > 0) return tellProblems(out, name, tree.problems)
  out.line(visible(`${name}: ${tree.entries} entries verified, of ${tree.checkpoint?.origin ?? ''}: entries, tiles, chains and checkpoint agree`))
  if (tree.beyond > 0) out.line(`  ${tree.beyond} more entries are in no checkpoint yet: they follow in their chains, and their gateways signed them`)
  for (const { gateway, entries, counts } of tree.chains) if (!counts) out.line(visible(`  nobody vouches for ${gateway}, whose ${entries} entries are in it`))
  tellTrust(out, tree, options)
  if (options.remember !== undefined)
    out.line(visible(tree.before ? `  it continues the checkpoint in ${options.remember}` : `  remembered in ${options.remember}`))
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
