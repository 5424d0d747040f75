import type { WorkerConfig } from '../config/config.ts'
import { createEngine } from './cedar.ts'
import { Compiler } from './compile.ts'
import type { PolicyEngine } from './engine.ts'
import type { PolicyFile } from './load.ts'

/** The policies of a process that is given them by another, in two steps: what one process cannot load comes into force in none. */
export class GivenPolicies {
  readonly #config: WorkerConfig
  readonly #compiler: Compiler
  #engine: PolicyEngine
  #prepared: PolicyEngine | null = null

  /** Throws PolicyError when they are broken. */
  constructor(config: WorkerConfig, files: readonly PolicyFile[]) {
    this.#config = config
    this.#compiler = new Compiler(config)
    this.#engine = createEngine(config, files, this.#compiler)
  }

  /** In force now: another object after `use`. */
  get engine(): PolicyEngine {
    return this.#engine
  }

  /** Loads them beside those in force. Rejects with PolicyError when they are broken. */
  async prepare(files: readonly PolicyFile[]): Promise<void> {
    await this.#compiler.prepare(files)
    this.#prepared = createEngine(this.#config, files, this.#compiler)
  }

  /** Puts in force what was prepared. Throws when that is another version. */
  use(version: string): void {
    if (this.#engine.version === version) return
    if (this.#prepared?.version !== version) throw new Error(`the policies of version ${version} were not prepared here`)
    this.#engine = this.#prepared
    this.#prepared = null
  }
}
