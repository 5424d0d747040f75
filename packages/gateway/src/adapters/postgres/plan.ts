import type { Action } from '@countersign/core/action'
import { sync } from '@countersign/wire/postgres/encode'
import { PassThrough } from 'node:stream'
import type { Target } from '../adapter.ts'
import type { Catalogs } from './catalog/catalogs.ts'
import type { LiveCatalog } from './catalog/live.ts'
import { type ClassifiedStatement, prepare, unknownBecause } from './classify.ts'
import { differingIn } from './classify/differing.ts'
import { Names } from './names.ts'
import { actionOf, meant, read, type Reading, usesOf } from './readable.ts'
import { Replies } from './replies.ts'
import { askSnapshot, sessionState, type Snapshot } from './state.ts'
import { closeUpstream, openUpstream } from './upstream.ts'
import { within } from './within.ts'

/** Everything that is asked once the gateway has logged in. The longest text that is read at all takes some seconds of it. */
const ANSWER_MS = 10_000

/** Reads a statement that is asked for ahead exactly as a fresh session of this gateway on the target would. Rejects where the target cannot be asked. */
export function planAction(target: Target, catalogs: Catalogs, text: string): Promise<Action> {
  return inFreshSession(target, async (session) => {
    const catalog = catalogs.of(target)
    const reading = await readThere(session, catalog, text)
    const { schemas } = session.snapshot
    const action = { ...actionOf(reading, []), state: sessionState(target, target.accounts && session.snapshot.role, session.snapshot) }
    if (action.statements.length !== 1 || action.statements[0]?.fingerprint === null) return action
    const definition = await catalog.definition(usesOf(reading.classified)[0] ?? null, schemas)
    const differs = differingIn(action.text)
    return definition === null || differs === null ? action : { ...action, definition, differs }
  })
}

/** The statements of a text as such a session would put them before policy. Never rejects: of a target that cannot be asked everything is unknown, and it says why. */
export async function statementsThere(target: Target, catalogs: Catalogs, text: string): Promise<readonly ClassifiedStatement[]> {
  try {
    const { classified } = await inFreshSession(target, (session) => readThere(session, catalogs.of(target), text))
    return classified.statements
  } catch (error) {
    return unknownBecause(text, `the target could not be asked: ${error instanceof Error ? error.message : String(error)}`).statements
  }
}

/** What a session says of itself when it has just begun. */
interface Fresh {
  readonly parameters: ReadonlyMap<string, string>
  readonly snapshot: Snapshot
}

async function inFreshSession<T>(target: Target, job: (session: Fresh) => Promise<T>): Promise<T> {
  const upstream = await openUpstream(target, new Map([['application_name', 'countersign:plan']]), new AbortController().signal)
  try {
    const nobody = new PassThrough().resume()
    const replies = new Replies(nobody, upstream, new Names(), () => undefined)
    const gone = replies.relay().then((why): never => {
      throw new Error(`${target.resource}: ${why}`)
    })
    const answered = takeSnapshot(replies, upstream).then((snapshot) => job({ parameters: replies.parameters, snapshot }))
    return await within(ANSWER_MS, Promise.race([answered, gone]), `${target.resource} did not answer within ${ANSWER_MS / 1000} s`)
  } finally {
    closeUpstream(upstream)
  }
}

async function readThere({ parameters, snapshot }: Fresh, catalog: LiveCatalog, text: string): Promise<Reading> {
  const names = new Names()
  await prepare(text, { trusted: catalog.trusted })
  const uses = usesOf(read(text, catalog.trusted, names, parameters).classified)
  const judge = await catalog.judge(uses, snapshot.schemas)
  const reading = read(text, catalog.trusted, names, parameters) // what is trusted may be known only now
  return { ...reading, classified: meant(reading.classified, judge) }
}

async function takeSnapshot(replies: Replies, upstream: { readonly stream: NodeJS.WritableStream }): Promise<Snapshot> {
  const taken: Snapshot[] = []
  const { messages, expected } = askSnapshot((snapshot) => taken.push(snapshot))
  for (const each of expected) replies.expect(each)
  replies.expect({ kind: 'sync', hidden: true })
  upstream.stream.write(Buffer.concat([...messages, sync()]))
  await replies.settled()
  const [snapshot] = taken
  if (!snapshot) throw new Error('the server did not say who and where the session is')
  return snapshot
}
