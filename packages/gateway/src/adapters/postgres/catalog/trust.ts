import { dotted } from '../classify/tree.ts'
import type { Owned } from './facts.ts'

/** What an operator of the gateway vouches for: functions, types and relations by name, and all that an extension brought. */
export class Trust {
  readonly #listed: readonly string[]
  readonly #names: ReadonlySet<string>
  readonly #extensions: ReadonlySet<string>

  constructor(names: readonly string[], extensions: readonly string[]) {
    this.#listed = names
    this.#names = new Set(names)
    this.#extensions = new Set(extensions)
  }

  vouchesFor({ schema, name, extension }: Owned): boolean {
    return this.#names.has(dotted([schema, name])) || this.vouchesForExtension(extension)
  }

  /** The names that are vouched for when these are there, as `schema.name`. The same list as was given where no extension adds to it. */
  among(all: readonly Owned[]): readonly string[] {
    const brought = all.filter(({ extension }) => this.vouchesForExtension(extension)).map(({ schema, name }) => dotted([schema, name]))
    return brought.length > 0 ? [...new Set([...this.#listed, ...brought])] : this.#listed
  }

  vouchesForExtension(extension: string | null): boolean {
    return extension !== null && this.#extensions.has(extension)
  }
}
