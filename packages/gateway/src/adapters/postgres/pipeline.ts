import type { FrontendMessage } from '@countersign/wire/postgres/frontend-message'
import { Skipped } from '../adapter.ts'
import type { Classified } from './classify.ts'
import type { Inbox, Message } from './inbox.ts'
import type { Names, Prepared } from './names.ts'
import { type Bound, parametersOf, type Reading, runsByName, setsOurs } from './readable.ts'

/** Of messages; what is behind it is asked for by itself. Half of what may be reviewed, since a binary value is shown in hexadecimal. */
const MAX_BYTES = 512 * 1024
const MAX_STATEMENTS = 1_000

/** A Bind, with what was found that it does. */
export interface Step extends Bound {
  readonly message: Message<'bind'>
}

export interface PipelineSides {
  readonly inbox: Inbox
  readonly names: Names
  /** What a text does, as far as its words say. */
  readByName(text: string): Promise<Classified>
  resolve(prepared: Prepared): Promise<Reading>
  /** What is behind it can be judged only when it is over. */
  settles(classified: Classified): boolean
  /** Aborted when nobody waits any more for what is still to come. */
  readonly signal: AbortSignal
}

/**
 * The Binds that a client has sent together, from `first` on: up to the Sync or Flush that it waits for. It ends earlier behind what must be over before the
 * next can be judged, and before what is judged by other rules. Only looks: the relay takes each message in its turn. Throws Skipped when nobody waits any more before
 * all of it is there: a part of it would be another request.
 */
export async function lookAhead(first: Step, sides: PipelineSides): Promise<readonly Step[]> {
  const steps: [Step, ...Step[]] = [first]
  const given = new Map<string, Prepared | null>() // names of statements, by the messages that were looked at
  let bytes = first.message.raw.length
  for (let behind = 0; !sides.settles(lastOf(steps).reading.classified) && steps.length < MAX_STATEMENTS; behind++) {
    const message = await sides.inbox.ahead(behind, sides.signal)
    if (message === null) throw new Skipped('withdrawn', 'cancelled before the end of its pipeline was there, so nobody was asked')
    bytes += message.raw.length
    if (bytes > MAX_BYTES) break
    const step = message.kind === 'bind' ? await stepOf(message, given, sides) : await noteName(message, given, sides)
    if (step === 'end') break
    if (step !== null) steps.push(step)
  }
  return steps
}

const lastOf = ([first, ...others]: readonly [Step, ...Step[]]): Step => others.at(-1) ?? first

async function stepOf(message: Message<'bind'>, given: ReadonlyMap<string, Prepared | null>, sides: PipelineSides): Promise<Step | 'end'> {
  const { statement } = message
  const prepared = given.has(statement) ? given.get(statement) : sides.names.statement(statement)
  if (!prepared || !isPlain(prepared.classified)) return 'end'
  return { message, reading: await sides.resolve(prepared), parameters: parametersOf(message, prepared) }
}

/** What a name stands for only counts when it runs; a purpose is for what comes behind it; and of what does not parse the server says why. */
function isPlain(classified: Classified): boolean {
  return classified.statements.length === 1 && !runsByName(classified) && !setsOurs(classified) && !classified.error?.startsWith('syntax error at ')
}

/** `end` for what no pipeline goes on behind. */
async function noteName(message: FrontendMessage, given: Map<string, Prepared | null>, sides: PipelineSides): Promise<null | 'end'> {
  if (message.kind === 'parse') {
    if (message.text === null) return 'end'
    given.set(message.name, { classified: await sides.readByName(message.text), types: message.types })
    return null
  }
  if (message.kind === 'close' && message.target === 'S') given.set(message.name, null)
  return message.kind === 'close' || message.kind === 'describe' || message.kind === 'execute' ? null : 'end'
}
