/**
 * Compiles what exports use of the OCSF schema, for the tests to hold events against:
 * `node scripts/ocsf-schema.ts CHECKOUT > packages/gateway/test/export/ocsf/schema.json`, with a checkout of a release of ocsf/ocsf-schema.
 * Each class and object has what it inherits and what its profiles bring; names and enumerations are kept, descriptions are not.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const CLASSES = [
  'base_event',
  'application/application_lifecycle',
  'application/datastore_activity',
  'iam/account_change',
  'iam/authentication',
  'iam/entity_management',
  'iam/user_access',
]
const OBJECTS = [
  'actor',
  'authorization',
  'database',
  'managed_entity',
  'metadata',
  'network_endpoint',
  'object',
  'policy',
  'product',
  'query_info',
  'resource_details',
  'service',
  'session',
  'user',
]

const attribute = z.looseObject({
  type: z.string().optional(),
  is_array: z.boolean().optional(),
  requirement: z.string().optional(),
  profile: z.string().nullable().optional(),
  enum: z.record(z.string(), z.unknown()).optional(),
  '@deprecated': z.unknown().optional(),
})
const attributes = z.record(z.string(), z.unknown()).default({})
const item = z.looseObject({
  name: z.string().optional(),
  uid: z.number().optional(),
  category: z.string().optional(),
  extends: z.string().optional(),
  constraints: z.unknown().optional(),
  attributes,
})
const dictionary = z.looseObject({ attributes: z.record(z.string(), attribute), types: z.looseObject({ attributes: z.record(z.string(), z.unknown()) }) })
const categories = z.looseObject({ attributes: z.record(z.string(), z.looseObject({ uid: z.number() })) })

type Attribute = z.infer<typeof attribute>
type Item = z.infer<typeof item>

const [checkout = '.'] = process.argv.slice(2)
const read = (path: string): unknown => JSON.parse(readFileSync(join(checkout, path), 'utf8'))
const DICTIONARY = dictionary.parse(read('dictionary.json'))
const CATEGORIES = categories.parse(read('categories.json'))
const EVENT_FOLDERS: Readonly<Record<string, string>> = { application: 'application/', iam: 'iam/', base_event: '' }

/** With what it inherits, the nearest last. */
function resolve(path: string): Item {
  const own = item.parse(read(path))
  if (own.extends === undefined) return { ...own, attributes: included(own.attributes) }
  const parent = resolve(path.startsWith('events/') ? `events/${EVENT_FOLDERS[own.extends] ?? ''}${own.extends}.json` : `objects/${own.extends}.json`)
  const merged = Object.entries(included(own.attributes)).map(([name, value]) => [name, merge(parent.attributes[name], value)] as const)
  return {
    ...own,
    category: own.category ?? parent.category,
    constraints: own.constraints ?? parent.constraints,
    attributes: { ...parent.attributes, ...Object.fromEntries(merged) },
  }
}

function included(own: Readonly<Record<string, unknown>>): Record<string, Attribute> {
  const { $include, ...rest } = own
  const profiles = z.array(z.string()).default([]).parse($include)
  const brought = profiles.map((path) => {
    const profile = item.parse(read(path))
    return Object.fromEntries(Object.entries(profile.attributes).map(([name, value]) => [name, { ...attribute.parse(value), profile: profile.name ?? path }]))
  })
  const all: Record<string, Attribute> = Object.assign({}, ...brought)
  for (const [name, value] of Object.entries(rest)) all[name] = merge(all[name], attribute.parse(value))
  return all
}

function merge(before: unknown, after: Attribute): Attribute {
  const parent = attribute.optional().parse(before)
  const both = { ...parent?.enum, ...after.enum }
  return { ...parent, ...after, ...(Object.keys(both).length === 0 ? {} : { enum: both }) }
}

/** The base event lists its own alone; each class has its own number and its category's. */
const BY_CLASS = ['class_uid', 'category_uid']

/** What a validator needs of it. */
function compiled(resolved: Item) {
  const entries = Object.entries(resolved.attributes).map(([name, value]) => {
    const own = merge(DICTIONARY.attributes[name], attribute.parse(value))
    return [
      name,
      {
        type: own.type,
        ...(own.is_array === true ? { array: true } : {}),
        ...(own.requirement === 'required' ? { required: true } : {}),
        ...(typeof own.profile === 'string' ? { profile: own.profile } : {}),
        ...(own.enum === undefined || BY_CLASS.includes(name)
          ? {}
          : { enum: Object.fromEntries(Object.entries(own.enum).map(([key, entry]) => [key, captionOf(entry)])) }),
        ...(own['@deprecated'] === undefined ? {} : { deprecated: true }),
      },
    ] as const
  })
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { ...(resolved.constraints === undefined ? {} : { constraints: resolved.constraints }), attributes: Object.fromEntries(sorted) }
}

const captionOf = (entry: unknown): string => z.looseObject({ caption: z.string() }).parse(entry).caption

const classes = CLASSES.map((path) => {
  const resolved = resolve(`events/${path}.json`)
  const category = CATEGORIES.attributes[resolved.category ?? '']?.uid ?? 0
  return [
    category * 1000 + (resolved.uid ?? 0),
    { name: z.looseObject({ caption: z.string() }).parse(resolved).caption, category, ...compiled(resolved) },
  ] as const
})
const objects = OBJECTS.map((name) => [name, compiled(resolve(`objects/${name}.json`))] as const)
const { version } = z.object({ version: z.string() }).parse(read('version.json'))
process.stdout.write(
  `${JSON.stringify({ source: 'https://github.com/ocsf/ocsf-schema, Apache License 2.0', version, types: DICTIONARY.types.attributes, classes: Object.fromEntries(classes), objects: Object.fromEntries(objects) })}\n`,
)
