import { setImmediate } from 'node:timers/promises'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import type { DetailedError, PolicyJson, SchemaJson } from '@cedar-policy/cedar-wasm/nodejs'
import { ACTION_GROUPS, type Facts } from '@countersign/core/action'
import type { WorkerConfig } from '../config/config.ts'
import { suggestion } from '../config/nearest.ts'
import { type Annotations, readAnnotations } from './annotations.ts'
import { PolicyError, type PolicyProblem } from './error.ts'
import type { PolicyFile } from './load.ts'
import { entitiesNamed, factsRead } from './references.ts'
import { entityOf } from './scope.ts'
import { knownGroups, schemaOf } from './schema.ts'
import { Lines, offsetOfByte, splitPolicies } from './text.ts'

/** How many policies are read before others get their turn: some milliseconds. */
const AT_ONCE = 20

/** One policy, parsed and validated. */
export interface Policy extends Annotations {
  readonly file: string
  readonly line: number
  readonly text: string
  readonly json: PolicyJson
  readonly reads: ReadonlySet<keyof Facts>
  readonly written: Readonly<Record<string, string>>
}

/** A problem at an offset in the policy's own text. */
interface Fault {
  readonly offset: number
  readonly message: string
}

/** What one policy's text comes to, wherever it stands. */
interface Draft {
  readonly json: PolicyJson | null
  readonly annotations: Annotations | null
  readonly faults: readonly Fault[]
}

/** Cedar's parser and validator with the configuration's words. Keeps what it knows of a text, so that a reload costs what has changed. */
export class Compiler {
  readonly #schema: SchemaJson<string>
  readonly #known: Readonly<Record<string, readonly string[]>>
  readonly #drafts = new Map<string, Draft>()

  constructor(config: WorkerConfig) {
    this.#schema = schemaOf(config)
    this.#known = { Group: knownGroups(config), User: Object.keys(config.users), Resource: Object.keys(config.resources) }
  }

  /** Throws PolicyError with every problem of every file. */
  compile(files: readonly PolicyFile[]): readonly Policy[] {
    const placed = files.flatMap(({ file, text }) => {
      const lines = new Lines(text)
      return splitPolicies(text).map((policy) => ({ ...policy, file, lines }))
    })
    const texts = new Set(placed.map(({ text }) => text))
    this.#draft([...texts].filter((text) => !this.#drafts.has(text)))
    for (const text of this.#drafts.keys()) if (!texts.has(text)) this.#drafts.delete(text)

    const problems: PolicyProblem[] = []
    const policies = new Map<string, Policy>()
    for (const { file, lines, text, offset } of placed) {
      const draft = this.#drafts.get(text)
      const id = draft?.annotations?.id || null
      const report = (fault: Fault) => problems.push({ file, ...lines.at(offset + fault.offset), policy: id, message: fault.message })
      draft?.faults.forEach(report)
      if (!draft?.json || !draft.annotations) continue
      const earlier = policies.get(draft.annotations.id)
      if (id !== null && earlier) report({ offset: find(text, '@id'), message: `@id("${id}") is taken by ${earlier.file}:${earlier.line}` })
      policies.set(draft.annotations.id, placePolicy(draft.json, draft.annotations, text, file, lines.at(offset).line))
    }
    if (problems.length > 0) throw new PolicyError(problems)
    return [...policies.values()]
  }

  /** Reads what is new in the files, a little at a time: thousands of policies at once would hold up every connection. `compile` finds it done. */
  async prepare(files: readonly PolicyFile[]): Promise<void> {
    const texts = new Set(files.flatMap(({ text }) => splitPolicies(text).map((policy) => policy.text)))
    const fresh = [...texts].filter((text) => !this.#drafts.has(text))
    for (let at = 0; at < fresh.length; at += AT_ONCE) {
      this.#draft(fresh.slice(at, at + AT_ONCE))
      await setImmediate()
    }
  }

  #draft(texts: readonly string[]): void {
    const fresh = texts.map((text) => [text, this.#parse(text)] as const)
    const checked = this.#validate(fresh.filter(([, { json }]) => json !== null).map(([text]) => text))
    for (const [text, draft] of fresh) this.#drafts.set(text, { ...draft, faults: [...draft.faults, ...(checked.get(text) ?? [])] })
  }

  #parse(text: string): Draft {
    const parsed = cedar.policyToJson(text)
    if (parsed.type === 'failure') return { json: null, annotations: null, faults: parsed.errors.slice(0, 1).map((error) => faultOf(text, error)) }
    const { annotations, problems } = readAnnotations(parsed.json.annotations ?? {}, this.#known.Group ?? [])
    const faults = problems.map(({ annotation, message }) => ({ offset: annotation === null ? 0 : find(text, `@${annotation}`), message }))
    return { json: parsed.json, annotations, faults: [...faults, ...this.#unknownEntities(text, parsed.json), ...groupAsAction(text, parsed.json)] }
  }

  #unknownEntities(text: string, json: PolicyJson): readonly Fault[] {
    return entitiesNamed(json).flatMap(({ type, id }) => {
      const known = this.#known[type]
      if (!known || known.includes(id)) return []
      return [{ offset: find(text, `${type}::"${id}"`), message: `unknown ${type.toLowerCase()} ${id}${suggestion(id, known)}` }]
    })
  }

  /** Strict validation against the schema. A warning (it can never match, letters that look like others) is an error here: such a forbid forbids nothing. */
  #validate(texts: readonly string[]): ReadonlyMap<string, readonly Fault[]> {
    const answer = cedar.validate({ schema: this.#schema, policies: { staticPolicies: Object.fromEntries(texts.map((text, index) => [`p${index}`, text])) } })
    if (answer.type === 'failure') throw new Error(`cedar cannot validate: ${answer.errors.map(({ message }) => message).join('; ')}`)
    const faults = new Map<string, Fault[]>()
    for (const { policyId, error } of [...answer.validationErrors, ...answer.validationWarnings]) {
      const text = texts[Number(policyId.slice(1))] ?? ''
      const fault = faultOf(text, error)
      const found = faults.get(text) ?? []
      const told = error.severity === 'warning' ? found.length > 0 : found.some(({ offset }) => offset === fault.offset)
      if (!told) faults.set(text, [...found, fault])
    }
    return faults
  }
}

function placePolicy(json: PolicyJson, annotations: Annotations, text: string, file: string, line: number): Policy {
  const written = Object.fromEntries(Object.entries(json.annotations ?? {}).map(([name, value]) => [name, value ?? '']))
  return { ...annotations, file, line, text, json, reads: factsRead(json.conditions), written }
}

/** `action == Action::"sql"` never matches: no action is the group itself. */
function groupAsAction(text: string, { action }: PolicyJson): readonly Fault[] {
  if (action.op !== '==' || !('entity' in action)) return []
  const { id } = entityOf(action.entity)
  if (!ACTION_GROUPS.some((group) => group === id)) return []
  return [{ offset: find(text, `Action::"${id}"`), message: `${id} is a group of actions: write action in Action::"${id}"` }]
}

const find = (text: string, part: string) => Math.max(text.indexOf(part), 0)

function faultOf(text: string, { message, help, sourceLocations }: DetailedError): Fault {
  const [location] = sourceLocations ?? []
  const plain = message.replace(/^for policy `[^`]*`, /, '').replace(/^failed to parse policy from string: /, '')
  const expected = location?.label ? ` (${location.label})` : ''
  return { offset: offsetOfByte(text, location?.start ?? 0), message: `${plain}${expected}${help ? `; ${help.replace(/for policy `[^`]*`, /, '')}` : ''}` }
}
