import { createHash } from 'node:crypto'
import type { Parameter } from '@countersign/core/action'
import type { Uses } from '../classify/uses.ts'
import { readObjects, readRelation, type Relation } from './facts.ts'
import { type Finding, Inside, readBy } from './inside.ts'
import { meaningOf, namesToLookUp, objectsOf, RECORD, type SearchPath } from './meaning.ts'
import { digestOf, FIRST_USER_OID, MOMENT, OBJECTS, RELATIONS } from './queries.ts'
import type { Trust } from './trust.ts'
import { replacedIn, type World } from './world.ts'

/** Asks a server one question; rows of text. */
export type Ask = (text: string, parameters: readonly Parameter[]) => Promise<readonly (readonly (string | null)[])[]>

/** More names than anybody's statements have: what a client makes up must not fill the memory. */
const MAX_NAMES = 20_000
/** Views in views, and tables in those. */
const MAX_DEPTH = 64

const DIGEST_OF_OBJECTS = digestOf(OBJECTS)
const DIGEST_OF_RELATIONS = digestOf(RELATIONS)

/** One state of a database's catalog: all of its objects, and of its relations those that were asked for. It only ever learns more. */
export class Known {
  readonly #world: World
  readonly #inside: Inside
  readonly #digest: string
  readonly #trusted: readonly string[]
  readonly #named = new Map<string, readonly Relation[]>()
  readonly #numbered = new Map<number, { readonly row: string; readonly relation: Relation }>()
  #moment: string | null = null
  readonly #covered = new WeakMap<Uses, SearchPath>()
  #findings = new WeakMap<Uses, Map<SearchPath, Finding>>()

  private constructor(rows: readonly string[], trust: Trust) {
    const objects = readObjects(rows)
    const named = (name: string) => this.#named.get(name)
    const numbered = (oid: number) => this.#numbered.get(oid)?.relation
    this.#world = { objects, trust, replaced: replacedIn(objects), named, numbered }
    this.#inside = new Inside(this.#world)
    this.#digest = digest(rows)
    this.#trusted = trust.among([...objects.functionsByOid.values(), ...objects.types.values()])
  }

  /** Throws what the server or the connection says, and where the answer is none. */
  static async load(ask: Ask, trust: Trust): Promise<Known> {
    return new Known(await facts(ask, OBJECTS, []), trust)
  }

  /** The functions and types that the operator vouches for, `schema.name`: those that he named, and those of extensions that he named. */
  get trusted(): readonly string[] {
    return this.#trusted
  }

  /** False when the database is no longer as it is known here. Throws as `load` does. */
  async holds(ask: Ask): Promise<boolean> {
    if (this.#named.size > MAX_NAMES) return false
    const moment = (await ask(MOMENT, []))[0]?.[0] ?? null
    if (moment !== null && moment === this.#moment) return true
    const [objects] = await facts(ask, DIGEST_OF_OBJECTS, [])
    const [relations] = await facts(ask, DIGEST_OF_RELATIONS, asked([...this.#named.keys()], [...this.#numbered.keys()]))
    const rows = [...this.#numbered.values()].map(({ row }) => row)
    this.#moment = moment
    return objects === this.#digest && relations === digest(rows)
  }

  /** True when `judge` can answer. A relation that was not there may have been made since, so it is looked for again. */
  covers(uses: Uses, path: SearchPath): boolean {
    if (this.#covered.get(uses) === path) return true
    const covered = namesToLookUp(uses, path).every((name) => (this.#named.get(name) ?? []).length > 0)
    if (covered) this.#covered.set(uses, path)
    return covered
  }

  /** Learns of the relations that these statements name, and of all that those read. Throws as `load` does. */
  async learn(ask: Ask, uses: Uses, path: SearchPath): Promise<void> {
    const names = namesToLookUp(uses, path).filter((name) => (this.#named.get(name) ?? []).length === 0)
    let found = await this.#lookUp(ask, names, [])
    for (let depth = 0; found.length > 0; depth++) {
      if (depth > MAX_DEPTH) throw new Error('views are nested too deep')
      const unknown = new Set(found.flatMap(readBy).filter((oid) => !this.#numbered.has(oid)))
      found = unknown.size > 0 ? await this.#lookUp(ask, [], [...unknown]) : []
    }
    for (const name of names)
      this.#named.set(
        name,
        [...this.#numbered.values()].flatMap(({ relation }) => (relation.name === name ? [relation] : [])),
      )
    this.#findings = new WeakMap() // what was not there before may be now
  }

  /** What a statement may run besides what its text says. `declared` are the types that the client gave its parameters. */
  judge(uses: Uses, path: SearchPath, declared: readonly number[]): Finding {
    const own = declared.filter((type) => type >= FIRST_USER_OID || type === RECORD)
    if (own.length > 0) return meaningOf(uses, path, own, this.#world, this.#inside)
    const known = this.#findings.get(uses)?.get(path)
    if (known) return known
    const finding = meaningOf(uses, path, own, this.#world, this.#inside)
    const findings = this.#findings.get(uses) ?? new Map<SearchPath, Finding>()
    this.#findings.set(uses, findings.set(path, finding))
    return finding
  }

  /** A digest of what the names of a statement stand for, with relations as they are defined, and those that they read. */
  objects(uses: Uses, path: SearchPath): string {
    const { relations, others } = objectsOf(uses, path, this.#world, this.#inside)
    const reached = new Set(relations)
    for (const oid of reached) for (const next of this.#readBy(oid)) reached.add(next) // those too are gone through
    const rows = [...reached].map((oid) => this.#numbered.get(oid)?.row ?? `none ${oid}`)
    return createHash('sha256')
      .update(JSON.stringify([rows, others]))
      .digest('hex')
  }

  #readBy(oid: number): readonly number[] {
    const found = this.#numbered.get(oid)
    return found ? readBy(found.relation) : []
  }

  async #lookUp(ask: Ask, names: readonly string[], oids: readonly number[]): Promise<readonly Relation[]> {
    if (names.length + oids.length === 0) return []
    const rows = await facts(ask, RELATIONS, asked(names, oids))
    const found = rows.map((row) => ({ row, relation: readRelation(row) }))
    for (const each of found) this.#numbered.set(each.relation.oid, each)
    return found.map(({ relation }) => relation)
  }
}

async function facts(ask: Ask, query: string, parameters: readonly Parameter[]): Promise<readonly string[]> {
  const rows = await ask(query, parameters)
  return rows.map(([fact]) => {
    if (fact === null || fact === undefined) throw new Error('the target left something out of its catalog')
    return fact
  })
}

/** The same as the server makes of the same facts. */
function digest(rows: readonly string[]): string {
  const sorted = rows.map((row) => Buffer.from(row)).toSorted((a, b) => Buffer.compare(a, b))
  const hash = createHash('md5')
  sorted.forEach((row, index) => hash.update(index > 0 ? '\n' : '').update(row))
  return hash.digest('hex')
}

/** The parameters of RELATIONS, as array literals. */
function asked(names: readonly string[], oids: readonly number[]): readonly Parameter[] {
  const quoted = names.map((name) => `"${name.replace(/["\\]/g, '\\$&')}"`)
  return [`{${quoted.join(',')}}`, `{${oids.join(',')}}`].map((value) => ({ value, format: 'text', type: 0 }))
}
