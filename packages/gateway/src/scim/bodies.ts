/**
 * What directories send that is not quite SCIM, made into what it means; and what they send that is kept here by nobody, left out. Microsoft Entra writes
 * booleans as text and sets a value of a list that is not there yet; both send attributes of the whole standard, of which five are kept.
 */

/** Of RFC 7643 section 4.1 what is kept, and what is not; the names of either case (section 2.1), of which the library knows one. */
const KEPT = ['userName', 'externalId', 'name', 'displayName', 'active', 'emails']
const LEFT_OUT = [
  'nickName',
  'profileUrl',
  'title',
  'userType',
  'preferredLanguage',
  'locale',
  'timezone',
  'password',
  'phoneNumbers',
  'ims',
  'photos',
  'addresses',
  'groups',
  'entitlements',
  'roles',
  'x509Certificates',
]

const EXTENSION = /^urn:ietf:params:scim:schemas:extension:/i
const CORE = /^urn:ietf:params:scim:schemas:core:2\.0:user:/i
const ONE_EMAIL = /^emails\[.*\]\.value$/i

type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A user as he is created or replaced. */
export function userBody(body: object): object {
  return keptOf(Object.fromEntries(Object.entries(body)))
}

/** A change of a user; null when nothing of it is about what is kept. What is no change at all is left as it is, to be refused. */
export function userPatch(body: object): object | null {
  const [name, operations] = Object.entries(body).find(([key]) => key.toLowerCase() === 'operations') ?? []
  if (name === undefined || !Array.isArray(operations) || operations.length === 0) return body
  const kept = operations.flatMap((operation: unknown) => operationOf(operation))
  return kept.length === 0 ? null : { ...body, [name]: kept }
}

function operationOf(operation: unknown): readonly unknown[] {
  if (!isObject(operation)) return [operation]
  const { path, value } = operation
  if (typeof path !== 'string') {
    if (!isObject(value)) return [operation]
    const kept = keptOf(value)
    return Object.keys(kept).length === 0 ? [] : [{ ...operation, value: kept }]
  }
  const known = pathOf(path)
  if (known === null) return []
  if (ONE_EMAIL.test(known) && typeof value === 'string')
    return [{ ...operation, op: 'replace', path: 'emails', value: [{ value, type: 'work', primary: true }] }]
  return [{ ...operation, path: known, ...(known === 'active' && 'value' in operation ? { value: booleanOf(value) } : {}) }]
}

/** Keys may be paths, `name.familyName`, as Entra writes them. */
function keptOf(values: Json): Json {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => {
      const known = pathOf(key)
      return known === null ? [] : [[known, known === 'active' ? booleanOf(value) : value]]
    }),
  )
}

/** As the library knows it; null for what is not kept. */
function pathOf(path: string): string | null {
  const plain = path.replace(CORE, '')
  const [attribute = ''] = /^[^.[]*/.exec(plain) ?? []
  const isCalled = (name: string) => name.toLowerCase() === attribute.toLowerCase()
  if (EXTENSION.test(plain) || LEFT_OUT.some(isCalled)) return null
  return (KEPT.find(isCalled) ?? attribute) + plain.slice(attribute.length)
}

const booleanOf = (value: unknown): unknown => {
  if (typeof value !== 'string') return value
  const text = value.toLowerCase()
  return text === 'true' ? true : text === 'false' ? false : value
}
