import SCIMMY from 'scimmy'
import type { PersonRecord } from '../store/store.ts'
import { ScimError } from './error.ts'
import type { Group, Groups, GroupWish } from './groups.ts'
import type { People, PersonWish } from './people.ts'

/** Below the gateway's address. */
const BASE = '/scim/v2'
/** In one answer. */
export const MOST_RESULTS = 200

/**
 * One request's dealings with the library, whose resource types there is one of in a process: each handler finds here what it works on. `read` remembers the
 * group that a change is made from, `failure` what the library would take for a resource that is not there.
 */
export class Dealing {
  readonly people: People
  readonly groups: Groups
  read: Group | null = null
  failure: unknown = null

  constructor(people: People, groups: Groups) {
    this.people = people
    this.groups = groups
  }
}

SCIMMY.Config.set({
  patch: true,
  filter: { supported: true, maxResults: MOST_RESULTS },
  sort: true,
  authenticationSchemes: [{ type: 'oauthbearertoken', name: 'Bearer token', description: 'The token of identity.scim in the configuration' }],
})

SCIMMY.Resources.declare(SCIMMY.Resources.User, {}).declare(SCIMMY.Resources.Group, {})
for (const type of [SCIMMY.Resources.Schema, SCIMMY.Resources.ResourceType, SCIMMY.Resources.ServiceProviderConfig]) type.basepath(BASE)

SCIMMY.Resources.User.basepath(BASE)
SCIMMY.Resources.User.egress((resource, context: unknown) =>
  dealt(context, async ({ people }) => {
    if (resource.id !== undefined) return presentPerson(await people.get(resource.id))
    return filtered(resource.filter, (await people.list()).map(presentPerson))
  }),
)
SCIMMY.Resources.User.ingress((resource, user, context: unknown) =>
  dealt(context, async ({ people }) => {
    const wish = personWish(user)
    return presentPerson(resource.id === undefined ? await people.create(wish) : await people.change(resource.id, wish))
  }),
)
SCIMMY.Resources.User.degress((resource, context: unknown) => dealt(context, ({ people }) => people.remove(resource.id ?? '')))

SCIMMY.Resources.Group.basepath(BASE)
SCIMMY.Resources.Group.egress((resource, context: unknown) =>
  dealt(context, async (dealing) => {
    if (resource.id === undefined) return filtered(resource.filter, (await dealing.groups.list()).map(presentGroup))
    dealing.read = await dealing.groups.get(resource.id)
    return presentGroup(dealing.read)
  }),
)
SCIMMY.Resources.Group.ingress((resource, group, context: unknown) =>
  dealt(context, async ({ groups, read }) => {
    const wish = groupWish(group)
    if (resource.id === undefined) return presentGroup(await groups.create(wish))
    return presentGroup(await groups.change(read ?? (await groups.get(resource.id)), wish))
  }),
)
SCIMMY.Resources.Group.degress((resource, context: unknown) => dealt(context, ({ groups }) => groups.remove(resource.id ?? '')))

/** The library takes an error that it does not know for a resource that is not there: this one it passes on. */
async function dealt<T>(context: unknown, work: (dealing: Dealing) => Promise<T>): Promise<T> {
  if (!(context instanceof Dealing)) throw new TypeError('a resource was asked for without a dealing')
  try {
    return await work(context)
  } catch (error) {
    if (error instanceof SCIMMY.Types.Error) throw error
    context.failure = error
    throw new ScimError(500, '', 'the gateway could not do this')
  }
}

/** What directories ask to find somebody: one attribute that equals a value. */
const CASE_EXACT = ['id', 'externalId']

function filtered<T extends object>(filter: SCIMMY.Types.Filter | undefined, resources: T[]): T[] {
  if (!filter) return resources
  const wanted = equalTo(filter)
  if (wanted === null) return filter.match(resources)
  const [name, value] = wanted
  const same = CASE_EXACT.includes(name) ? (text: string) => text === value : (text: string) => text.toLowerCase() === value.toLowerCase()
  return resources.filter((resource) => {
    const text: unknown = Object.entries(resource).find(([key]) => key === name)?.[1]
    return typeof text === 'string' && same(text)
  })
}

/** The library compares all text by its case; names are of either (RFC 7643 section 8.7.1: caseExact is false). Null for any other filter. */
function equalTo(filter: SCIMMY.Types.Filter): readonly [name: string, value: string] | null {
  const [, name = '', value] = /^\s*(\w+)\s+eq\s+("(?:[^"\\]|\\.)*")\s*$/i.exec(filter.expression) ?? []
  const known = ['userName', 'displayName', ...CASE_EXACT].find((each) => each.toLowerCase() === name.toLowerCase())
  return known === undefined || value === undefined ? null : [known, String(JSON.parse(value))]
}

function presentPerson({ id, name, externalId, displayName, email, active, createdAt, updatedAt }: PersonRecord) {
  return {
    id,
    userName: name,
    active,
    ...(externalId === null ? {} : { externalId }),
    ...(displayName === null ? {} : { displayName }),
    ...(email === null ? {} : { emails: [{ value: email, type: 'work', primary: true }] }),
    meta: { created: new Date(createdAt), lastModified: new Date(updatedAt) },
  }
}

function presentGroup({ record: { id, name, externalId, createdAt, updatedAt }, members }: Group) {
  return {
    id,
    displayName: name,
    ...(externalId === null ? {} : { externalId }),
    members: members.map((member) => ({ value: member.id, display: member.name, type: 'User' })),
    meta: { created: new Date(createdAt), lastModified: new Date(updatedAt) },
  }
}

function personWish({ userName, externalId, displayName, name, emails, active }: SCIMMY.Schemas.User): PersonWish {
  const called = displayName ?? name?.formatted ?? [name?.givenName, name?.familyName].filter(Boolean).join(' ')
  const [first] = emails ?? []
  const email = (emails?.find(({ primary }) => primary === true) ?? first)?.value
  return { userName, externalId: externalId ?? null, displayName: called || null, email: email ?? null, active: active ?? true }
}

function groupWish({ displayName, externalId, members }: SCIMMY.Schemas.Group): GroupWish {
  const ids = (members ?? []).flatMap(({ value }) => (typeof value === 'string' ? [value] : []))
  return { name: displayName, externalId: externalId ?? null, members: [...new Set(ids)] }
}
