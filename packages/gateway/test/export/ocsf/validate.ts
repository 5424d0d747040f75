import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** What the published schema says, compiled by scripts/ocsf-schema.ts. */
const attributeShape = z.strictObject({
  type: z.string(),
  array: z.literal(true).optional(),
  required: z.literal(true).optional(),
  profile: z.string().optional(),
  enum: z.record(z.string(), z.string()).optional(),
  deprecated: z.literal(true).optional(),
})
const constraintsShape = z.strictObject({ at_least_one: z.array(z.string()).optional(), just_one: z.array(z.string()).optional() })
const itemShape = z.strictObject({ constraints: constraintsShape.optional(), attributes: z.record(z.string(), attributeShape) })
const typeShape = z.looseObject({
  type: z.string().optional(),
  regex: z.string().optional(),
  max_len: z.number().optional(),
  range: z.tuple([z.number(), z.number()]).optional(),
})
const schemaShape = z.strictObject({
  source: z.string(),
  version: z.string(),
  types: z.record(z.string(), typeShape),
  classes: z.record(z.string(), itemShape.extend({ name: z.string(), category: z.number() })),
  objects: z.record(z.string(), itemShape),
})

export const SCHEMA = schemaShape.parse(JSON.parse(readFileSync(new URL('schema.json', import.meta.url), 'utf8')))

type Item = z.infer<typeof itemShape>
type Attribute = z.infer<typeof attributeShape>
type Json = Readonly<Record<string, unknown>>

const headShape = z.looseObject({
  class_uid: z.number(),
  class_name: z.string(),
  category_uid: z.number(),
  activity_id: z.number(),
  activity_name: z.string(),
  type_uid: z.number(),
  metadata: z.looseObject({ version: z.literal(SCHEMA.version), profiles: z.array(z.string()).default([]) }),
})

/** Everything that the schema has against an event, each as `path: what`. */
export function violations(event: unknown): readonly string[] {
  const head = headShape.safeParse(event)
  if (!head.success) return [z.prettifyError(head.error)]
  const { class_uid, class_name, category_uid, activity_id, activity_name, type_uid, metadata } = head.data
  const of = SCHEMA.classes[class_uid]
  if (!of) return [`class_uid: ${class_uid} is no class of the fixture`]
  const caption = of.attributes['activity_id']?.enum?.[activity_id]
  return [
    ...(class_name === of.name ? [] : [`class_name: ${class_name} is not ${of.name}`]),
    ...(category_uid === of.category ? [] : [`category_uid: ${category_uid} is not ${of.category}`]),
    ...(type_uid === class_uid * 100 + activity_id ? [] : [`type_uid: ${type_uid}`]),
    ...(activity_id === 99 || activity_name === caption ? [] : [`activity_name: ${activity_name} is not ${caption}`]),
    ...inItem(head.data, of, metadata.profiles, ''),
  ]
}

function inItem(value: Json, { attributes, constraints }: Item, profiles: readonly string[], path: string): readonly string[] {
  const isThere = (name: string) => value[name] !== undefined
  const missing = Object.entries(attributes).filter(([name, { required, profile }]) => required && (!profile || profiles.includes(profile)) && !isThere(name))
  return [
    ...missing.map(([name]) => `${path}${name}: required`),
    ...(constraints?.at_least_one && !constraints.at_least_one.some(isThere) ? [`${path}: none of ${constraints.at_least_one.join(', ')}`] : []),
    ...(constraints?.just_one && constraints.just_one.filter(isThere).length !== 1 ? [`${path}: not one of ${constraints.just_one.join(', ')}`] : []),
    ...Object.entries(value).flatMap(([name, each]) => inAttribute(each, attributes[name], profiles, `${path}${name}`, value)),
  ]
}

function inAttribute(value: unknown, attribute: Attribute | undefined, profiles: readonly string[], path: string, beside: Json): readonly string[] {
  if (!attribute) return [`${path}: there is no such attribute`]
  if (attribute.deprecated) return [`${path}: deprecated`]
  if (attribute.profile !== undefined && !profiles.includes(attribute.profile)) return [`${path}: is of the profile ${attribute.profile}`]
  if (!attribute.array) return inValue(value, attribute, profiles, path, beside)
  if (!Array.isArray(value)) return [`${path}: no array`]
  return value.flatMap((each, index) => inValue(each, attribute, profiles, `${path}[${index}]`, beside))
}

function inValue(value: unknown, { type, enum: known }: Attribute, profiles: readonly string[], path: string, beside: Json): readonly string[] {
  const object = SCHEMA.objects[type]
  if (object) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path}: no object`]
    return type === 'object' ? [] : inItem(value as Json, object, profiles, `${path}.`)
  }
  if (!(type in SCHEMA.types)) return [`${path}: its type ${type} is not in the fixture`]
  return [...inType(value, type, path), ...(known ? inEnum(value, known, path, beside) : [])]
}

/** A number's caption stands beside it, under its name without `_id`. */
function inEnum(value: unknown, known: Readonly<Record<string, string>>, path: string, beside: Json): readonly string[] {
  const caption = known[String(value)]
  if (caption === undefined) return [`${path}: ${String(value)} is not one of ${Object.keys(known).join(', ')}`]
  const sibling = beside[path.replace(/^.*\./, '').replace(/_id$/, '')]
  return value === 99 || sibling === undefined || sibling === caption ? [] : [`${path}: its caption is ${caption} and not ${JSON.stringify(sibling)}`]
}

function inType(value: unknown, type: string, path: string): readonly string[] {
  const { type: basic = type, regex, max_len, range } = SCHEMA.types[type] ?? {}
  switch (basic) {
    case 'string_t':
      if (typeof value !== 'string') return [`${path}: no string`]
      if (max_len !== undefined && value.length > max_len) return [`${path}: longer than ${max_len}`]
      return regex === undefined || new RegExp(regex, 'u').test(value) ? [] : [`${path}: ${value} is no ${type}`]
    case 'integer_t':
    case 'long_t':
      if (!Number.isSafeInteger(value)) return [`${path}: no integer`]
      return range === undefined || (Number(value) >= range[0] && Number(value) <= range[1]) ? [] : [`${path}: out of range`]
    case 'boolean_t':
      return typeof value === 'boolean' ? [] : [`${path}: no boolean`]
    default:
      return [`${path}: the fixture's type ${type} is not checked here`]
  }
}
