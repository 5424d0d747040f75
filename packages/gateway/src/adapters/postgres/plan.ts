import type { Action } from '@countersign/core/action'
import { sync } from '@countersign/wire/postgres/encode'
import { PassThrough } from 'node:stream'
import type { Target } from '../adapter.ts'
import type { Catalogs } from './catalog/catalogs.ts'
import { prepare } from './classify.ts'
import { differingIn } from './classify/differing.ts'
import { Names } from './names.ts'
import { actionOf, meant, read, usesOf } from './readable.ts'
import { Replies } from './replies.ts'
import { askSnapshot, sessionState, type Snapshot } from './state.ts'
import { closeUpstream, openUpstream } from './upstream.ts'

/** Reads a statement that is asked for ahead exactly as a fresh session of this gateway on the target would. */
export async function planAction(target: Target, catalogs: Catalogs, text: string): Promise<Action> {
  const upstream = await openUpstream(target, new Map([['application_name', 'countersign:plan']]), new AbortController().signal)
  try {
    const names = new Names()
    const nobody = new PassThrough().resume()
    const replies = new Replies(nobody, upstream, names, () => undefined)
    const gone = replies.relay().then((why): never => {
      throw new Error(`${target.resource}: ${why}`)
    })
    const snapshot = await Promise.race([takeSnapshot(replies, upstream), gone])
    const catalog = catalogs.of(target)
    await prepare(text, { trusted: catalog.trusted })
    const uses = usesOf(read(text, catalog.trusted, names, replies.parameters).classified)
    const judge = await catalog.judge(uses, snapshot.schemas)
    const reading = read(text, catalog.trusted, names, replies.parameters) // what is trusted may be known only now
    const classified = meant(reading.classified, judge)
    const action = { ...actionOf({ ...reading, classified }, []), state: sessionState(target, null, snapshot) }
    if (action.statements.length !== 1 || action.statements[0]?.fingerprint === null) return action
    const definition = await catalog.definition(usesOf(classified)[0] ?? null, snapshot.schemas)
    const differs = differingIn(action.text)
    return definition === null || differs === null ? action : { ...action, definition, differs }
  } finally {
    closeUpstream(upstream)
  }
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
