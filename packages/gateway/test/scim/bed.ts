import type { Hono } from 'hono'
import { pino } from 'pino'
import { Directory } from '../../src/identity/directory.ts'
import { scimDoor } from '../../src/scim/door.ts'
import { Groups } from '../../src/scim/groups.ts'
import { People } from '../../src/scim/people.ts'
import { type Bed as WorkflowBed, openBed as openWorkflowBed } from '../workflow/bed.ts'

export const TOKEN = 'a token of a directory, at least thirty-two characters'.replaceAll(' ', '-')
export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // oxlint-disable-next-line typescript/no-explicit-any -- what a directory reads of it
  readonly body: any
}

export interface Bed extends WorkflowBed {
  readonly directory: Directory
  readonly people: People
  /** Who has left, in order, and why. */
  readonly left: string[]
  /** With which whatever ends of theirs fails. */
  failing: Error | null
  readonly door: Hono
  /** A request of the directory. */
  ask(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
  patch(path: string, ...operations: readonly unknown[]): Promise<Answer>
  /** A new user, by his id. */
  user(userName: string, more?: object): Promise<string>
}

const withBody = (sent: { readonly method: string; readonly headers: Readonly<Record<string, string>> }, body: string): RequestInit => ({
  ...sent,
  body,
  headers: { ...sent.headers, 'content-length': String(Buffer.byteLength(body)) },
})

/** The door over a real store, journal and directory; what becomes of those who leave is written down. */
export async function openBed(config: { readonly adminGroups?: readonly string[] } = {}): Promise<Bed> {
  const bed = await openWorkflowBed()
  const { store, journal, clock } = bed.context
  const directory = new Directory(bed.context.config, store, () => clock.now())
  await directory.start()
  const left: string[] = []
  const failing: { error: Error | null } = { error: null }
  const leaves = (user: string, why: string) => (failing.error ? Promise.reject(failing.error) : Promise.resolve(void left.push(`${user} ${why}`)))
  const leaving = {
    end: (user: string, _by: string, why: string) => leaves(user, why),
    forget: (user: string, _by: string, why: string) => leaves(user, `${why}, for good`),
  }
  const groupsThatCount = { adminGroups: config.adminGroups ?? [], auditorGroups: [] }
  const people = new People({ store: store.people, users: directory, journal, clock, leaving, config: groupsThatCount })
  const groups = new Groups({ store: store.scimGroups, people, clock })
  const door = scimDoor({ people, groups, url: () => 'https://cs.example.com', readToken: () => Promise.resolve(TOKEN), log: pino({ level: 'silent' }) })
  const ask: Bed['ask'] = async (method, path, body, headers = {}) => {
    const sent = { method, headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/scim+json', ...headers } }
    const answer = await door.request(path, body === undefined ? sent : withBody(sent, JSON.stringify(body)))
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, body: text === '' ? null : JSON.parse(text) }
  }
  return {
    ...bed,
    directory,
    people,
    left,
    get failing() {
      return failing.error
    },
    set failing(error: Error | null) {
      failing.error = error
    },
    door,
    ask,
    patch: (path, ...Operations) => ask('PATCH', path, { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations }),
    user: async (userName, more = {}) => (await ask('POST', '/Users', { schemas: [USER], userName, ...more })).body.id,
    close: async () => {
      directory.close()
      await bed.close()
    },
  }
}
