import { hash } from 'node:crypto'
import { canonical, type JsonValue } from './canonical.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { type Entry, parseEntry } from './entry.ts'
import { eventsOf } from './group.ts'
import type { VerifierKey } from './key.ts'
import { leafHash } from './merkle.ts'
import { parseNote, type Note, type Signed, verifyNote } from './note.ts'
import { policyVersion } from './policy-version.ts'
import { type Problem, Problems } from './problem.ts'
import { verifyInclusion } from './proof.ts'
import { inclusionOf, type KeyEntry, type ProvenEntry, type Receipt, type ReceiptEntry } from './receipt.ts'
import { keysThatCount } from './roots.ts'
import { isCommitted } from './seal.ts'
import { type ReviewSignature, verifySignatures } from './verify-signatures.ts'
import { Belonging, type Story, storyOf, type Told } from './story.ts'

export interface ReceiptOptions {
  /** The key that is trusted. Without it the receipt's own first key is taken at its word. */
  readonly key?: VerifierKey
}

/** A secret that is not shown, and what would open it: `completeReceipt` adds what the holder of that key shows. */
export interface Closed {
  /** Of its entry in the tree. */
  readonly index: number
  /** Which event of it, as in `Opened`. */
  readonly event: number
  readonly type: string
  /** The chain that it is in: a gateway's, or one of its workers'. */
  readonly gateway: string
  /** The name of the key that sealed it, which the entry itself gives. Null: it does not say. */
  readonly key: string | null
}

export interface VerifiedReceipt {
  /** What the entries say, whatever the file says that they say. */
  readonly story: Story
  readonly checkpoint: Checkpoint | null
  /** The checkpoint's note, as it stands. */
  readonly note: Note | null
  readonly signed: readonly Signed[]
  /** What reviewers signed with their passkeys. */
  readonly signatures: readonly ReviewSignature[]
  readonly entries: number
  /** Secrets that it commits to and does not show. */
  readonly closed: readonly Closed[]
  /** Whether the policies' text is here. */
  readonly policy: boolean
  /** None when all is well. */
  readonly problems: readonly Problem[]
}

/**
 * Verifies a receipt by itself: that every entry is in the tree that the checkpoint signs, that what is shown is what was
 * committed to, that the story is the one that these entries tell, that the digest is the one of the action shown, that the policy text is the
 * one that was recorded, that reviewers' passkeys signed what is shown, and whose key signed the checkpoint. It cannot know of entries that the receipt leaves out.
 */
export function verifyReceipt(receipt: Receipt, { key }: ReceiptOptions = {}): VerifiedReceipt {
  const problems = new Problems()
  const signedTree = problems.trying('checkpoint', () => treeOf(receipt.checkpoint))
  const told = tell(receipt, signedTree?.checkpoint ?? null, problems)
  const story = storyOf(receipt.request, told.events)
  judgeStory(receipt, story, problems)
  const signatures = verifySignatures(receipt.request, told.events, passkeyEntries(receipt, signedTree?.checkpoint ?? null, problems), problems)
  const signed = signedTree ? signersOf(receipt, signedTree, key, problems) : []
  const { checkpoint = null, note = null } = signedTree ?? {}
  const { entries, policy } = receipt
  return { story, checkpoint, note, signed, signatures, entries: entries.length, closed: told.closed, policy: policy !== null, problems: problems.list }
}

/** Those of them that are in the tree. */
function passkeyEntries({ passkeys = [] }: Receipt, checkpoint: Checkpoint | null, problems: Problems): readonly Entry[] {
  return passkeys.flatMap((proven) => {
    const entry = problems.trying(`entry ${proven.index}`, () => parseEntry(proven.line))
    return entry && checkpoint && prove(proven, checkpoint, problems) ? [entry] : []
  })
}

interface Tree {
  readonly note: Note
  readonly checkpoint: Checkpoint
}

function treeOf(text: string): Tree {
  const note = parseNote(text)
  return { note, checkpoint: parseCheckpoint(note.text) }
}

interface ToldByAll {
  readonly events: readonly Told[]
  readonly closed: readonly Closed[]
}

/** All that the entries say, and what they keep to themselves. */
function tell(receipt: Receipt, checkpoint: Checkpoint | null, problems: Problems): ToldByAll {
  const belonging = new Belonging(receipt.request)
  const events: Told[] = []
  const closed: Closed[] = []
  let last = -1
  for (const proven of receipt.entries.toSorted((one, other) => one.index - other.index)) {
    const place = `entry ${proven.index}`
    if (proven.index === last) problems.add('altered', place, 'it is here more than once, and what it tells happened once')
    last = proven.index
    const entry = problems.trying(place, () => parseEntry(proven.line))
    if (!entry) continue
    if (checkpoint) prove(proven, checkpoint, problems)
    const own = problems.trying(place, () => eventsIn(proven, entry, belonging, problems)) ?? []
    if (own.length === 0) problems.add('unreadable', place, `it has nothing to do with ${receipt.request}`)
    events.push(...own.map(({ told }) => told))
    closed.push(...own.filter(({ told }) => told.commitment !== undefined && told.secret === null).map(({ at, told }) => closedIn(proven, entry, at, told)))
  }
  return { events, closed }
}

const closedIn = ({ index }: ReceiptEntry, { gateway, sealed }: Entry, event: number, told: Told): Closed => ({
  index,
  event,
  type: told.type,
  gateway,
  key: (told.sealed ?? sealed)?.key ?? null,
})

function prove(proven: ProvenEntry, { size, root }: Checkpoint, problems: Problems): boolean {
  const { index, line } = proven
  const isIn = problems.trying(`entry ${index}`, () => verifyInclusion(inclusionOf(proven, size), leafHash(Buffer.from(line)), root)) ?? false
  if (!isIn) problems.add('altered', `entry ${index}`, `it is not the entry that the checkpoint of ${size} has at ${index}`)
  return isIn
}

function eventsIn(
  { index, opened }: ReceiptEntry,
  entry: Entry,
  belonging: Belonging,
  problems: Problems,
): readonly { readonly at: number; readonly told: Told }[] {
  const events = eventsOf(entry)
  const good = opened.filter((shown) => {
    const { commitment } = events[shown.event] ?? {}
    const isGood = commitment !== undefined && isCommitted(shown, commitment)
    if (commitment === undefined) problems.add('altered', `entry ${index}`, `it has no secret ${shown.event}, and the receipt shows one`)
    else if (!isGood) problems.add('altered', `entry ${index}`, 'what is shown of it is not what it commits to')
    return isGood
  })
  return belonging.read(entry).flatMap((at) => {
    const event = events[at]
    if (!event) return []
    const shown = good.find((one) => one.event === at)
    return [{ at, told: { ...event, gateway: entry.gateway, at: entry.at, secret: shown?.secret ?? null } }]
  })
}

function judgeStory(receipt: Receipt, story: Story, problems: Problems): void {
  if (!story.opened) problems.add('missing', 'entries', `the entry in which ${receipt.request} was opened is not here`)
  if (canonicalOr(receipt.story) !== canonical(story)) problems.add('altered', 'story', 'it is not what the entries say')
  const { opened } = story
  const digest = opened && digestOf(opened)
  if (digest && opened['digest'] !== digest) problems.add('altered', 'story', 'the digest is not that of the action which is shown')
  if (!receipt.policy || !opened) return
  const { version, files } = receipt.policy
  if (policyVersion(files) !== version) problems.add('altered', 'policy', `the text is not that of version ${version}`)
  if (opened['policy'] !== version)
    problems.add('altered', 'policy', `${receipt.request} was judged by another version, ${canonical(opened['policy'] ?? null)}`)
}

/** A story that has no canonical form is none. */
function canonicalOr(value: JsonValue): string | null {
  try {
    return canonical(value)
  } catch {
    return null
  }
}

/** What an approval binds; null when not all of it is shown, or can be. Section "What verify says" of docs/receipts.md. */
function digestOf({ requester, resource, action, state, text, parameters, each, scope, ms, digest }: NonNullable<Story['opened']>): string | null {
  if (digest === undefined) return null
  const bound = { principal: requester, resource }
  if (scope !== undefined) return sha256({ kind: 'scope', ...bound, scope, ms })
  if (state === undefined || (Array.isArray(each) ? each : [{ text, parameters }]).some(isWithheld)) return null
  if (Array.isArray(each)) return sha256({ kind: 'pipeline', ...bound, type: action, state, each: each.map(bytesOf) })
  return sha256({ kind: 'action', ...bound, type: action, state, text, parameters })
}

/** A digest of what is kept from everybody has a salt that nobody keeps, or it would be guessed from it: it cannot be made again. */
function isWithheld(part: JsonValue | Readonly<Record<string, JsonValue | undefined>>): boolean {
  const { text, parameters } = isJson(part) ? part : {}
  const isSecret = (parameter: JsonValue) => isJson(parameter) && parameter['withheld'] === true
  return (typeof text === 'string' && text.includes(WITHHELD)) || (Array.isArray(parameters) && parameters.some(isSecret))
}

/** What stands in a text in the place of a password. */
const WITHHELD = '(withheld)'

const isJson = (value: unknown): value is Readonly<Record<string, JsonValue | undefined>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Beside its bytes a part may say what it would do. */
function bytesOf(part: JsonValue): JsonValue {
  if (typeof part !== 'object' || part === null || !('text' in part)) return part
  return { text: part['text'] ?? null, parameters: part['parameters'] ?? null }
}

const sha256 = (value: unknown): string => hash('sha256', canonical(value))

function signersOf(receipt: Receipt, { note, checkpoint }: Tree, key: VerifierKey | undefined, problems: Problems): readonly Signed[] {
  const proven = new Map<Entry, KeyEntry>()
  for (const own of receipt.keys.toSorted((one, other) => one.index - other.index)) {
    const entry = problems.trying(`entry ${own.index}`, () => parseEntry(own.line))
    if (entry && (own.checkpoint !== undefined || prove(own, checkpoint, problems))) proven.set(entry, own)
  }
  const covered = (entry: Entry, keys: readonly VerifierKey[]) => isVouched(proven.get(entry), keys)
  return (
    problems.trying('checkpoint', () => verifyNote(note, keysThatCount(checkpoint.origin, { keyEvents: [...proven.keys()], covered }, key)), 'unsigned') ?? []
  )
}

/** Whether one of these keys signed for the tree in which this entry stands. */
function isVouched(entry: KeyEntry | undefined, keys: readonly VerifierKey[]): boolean {
  if (!entry?.checkpoint) return false
  try {
    const { note, checkpoint } = treeOf(entry.checkpoint)
    return verifyNote(note, keys).length > 0 && verifyInclusion(inclusionOf(entry, checkpoint.size), leafHash(Buffer.from(entry.line)), checkpoint.root)
  } catch {
    return false
  }
}
