import { type Ceiling, parseDuration } from '@countersign/core/coverage'
import { NO_OBLIGATIONS, type Obligations, PERSONAL_FIELDS, type PersonalField } from '@countersign/core/obligations'
import { suggestion } from '../config/nearest.ts'

/** What the annotations of one policy say. */
export interface Annotations {
  readonly id: string
  readonly review: { readonly groups: readonly string[]; readonly quorum: number } | null
  readonly obligations: Obligations
  readonly message: string | null
}

/** `annotation` is the one to blame, null when one is missing. */
export interface AnnotationProblem {
  readonly annotation: string | null
  readonly message: string
}

const KNOWN = ['id', 'review', 'quorum', 'grants', 'expires', 'reason', 'ticket', 'sign', 'mask', 'personal', 'secret', 'message']
const ID = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/

/** Thrown inside this file only: what is wrong with one annotation's value. */
class BadValue extends Error {}

/** Reads and checks all annotations; `groups` are the known ones. Problems, if any, make the result unusable. */
export function readAnnotations(
  raw: Readonly<Record<string, string | null>>,
  groups: readonly string[],
): { readonly annotations: Annotations; readonly problems: readonly AnnotationProblem[] } {
  const problems: AnnotationProblem[] = Object.keys(raw)
    .filter((name) => !KNOWN.includes(name))
    .map((annotation) => ({ annotation, message: `unknown annotation @${annotation}${suggestion(annotation, KNOWN)}` }))

  function read<T>(annotation: string, parse: (value: string) => T): T | null {
    if (!Object.hasOwn(raw, annotation)) return null
    try {
      return parse(raw[annotation] ?? '')
    } catch (error) {
      if (!(error instanceof BadValue)) throw error
      problems.push({ annotation, message: error.message })
      return null
    }
  }

  const id = read('id', parseId)
  const reviewers = read('review', (value) => parseReview(value, groups))
  const quorum = read('quorum', parseQuorum)
  if (!Object.hasOwn(raw, 'id')) problems.push({ annotation: null, message: 'every policy needs a name: put @id("…") before it' })
  if (Object.hasOwn(raw, 'quorum') && !Object.hasOwn(raw, 'review'))
    problems.push({ annotation: 'quorum', message: '@quorum counts reviewers, so it needs @review("…") beside it' })

  const obligations: Obligations = {
    ...NO_OBLIGATIONS,
    reason: read('reason', (value) => only(value, 'reason', 'required')) ?? false,
    tickets: read('ticket', (value) => [parseTicket(value)]) ?? [],
    sign: read('sign', (value) => only(value, 'sign', 'passkey')) ?? false,
    mask: read('mask', (value) => parseList(value, 'mask', 'column names')) ?? [],
    personal: read('personal', parsePersonal) ?? [],
    secret: read('secret', (value) => only(value, 'secret', 'parameters')) ?? false,
    ceiling: read('grants', parseGrants),
    expiresMs: read('expires', (value) => parseTime(value, 'expires')),
  }
  const review = reviewers ? { groups: reviewers, quorum: quorum ?? 1 } : null
  return { annotations: { id: id ?? '', review, obligations, message: read('message', parseMessage) }, problems }
}

function parseId(value: string): string {
  if (ID.test(value)) return value
  throw new BadValue('@id is letters, digits, dots, colons, slashes, dashes and underscores, 100 at most')
}

function parseReview(value: string, known: readonly string[]): readonly string[] {
  const groups = parseList(value, 'review', 'groups')
  const unknown = groups.find((group) => !known.includes(group))
  if (unknown === undefined) return groups
  throw new BadValue(`@review names the unknown group ${unknown}${suggestion(unknown, known)}`)
}

function parseQuorum(value: string): number {
  if (/^[1-9]\d{0,2}$/.test(value)) return Number(value)
  throw new BadValue('@quorum is a number of people, 1 or more, such as "2"')
}

function parseGrants(value: string): Ceiling {
  if (value === 'once' || value === 'shape') return { kind: value }
  const ms = parseDuration(value)
  if (ms !== null) return { kind: 'duration', ms }
  throw new BadValue('@grants is "once", "shape" or a duration such as "30m"')
}

function parseTime(value: string, annotation: string): number {
  const ms = parseDuration(value)
  if (ms !== null) return ms
  throw new BadValue(`@${annotation} is a duration such as "20m"`)
}

function parseTicket(value: string): string {
  try {
    if (value !== '') return new RegExp(value, 'u').source
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new BadValue('@ticket is a regular expression, such as "^INC-[0-9]+$"')
}

function parseList(value: string, annotation: string, what: string): readonly string[] {
  const items = value.split(',').map((item) => item.trim())
  if (items.every((item) => item !== '')) return [...new Set(items)]
  throw new BadValue(`@${annotation} is a list of ${what} with commas between, such as "a, b"`)
}

function parsePersonal(value: string): readonly PersonalField[] {
  return parseList(value, 'personal', 'what an event can hold').map((name) => {
    const field = PERSONAL_FIELDS.find((known) => known === name)
    if (field === undefined) throw new BadValue(`@personal names ${PERSONAL_FIELDS.join(', ')}, and not ${name}${suggestion(name, PERSONAL_FIELDS)}`)
    return field
  })
}

/** It is written into protocol errors and logs, so it is one printable line. */
function parseMessage(value: string): string {
  if (/^[^\p{C}\p{Zl}\p{Zp}]{1,500}$/u.test(value)) return value
  throw new BadValue('@message is one line of text, 500 letters at most')
}

function only(value: string, annotation: string, word: string): true {
  if (value === word) return true
  throw new BadValue(`@${annotation} can be "${word}" only`)
}
