import { type FSWatcher, watch } from 'node:fs'
import type { Config } from '../config/config.ts'
import { createEngine, versionOf } from './cedar.ts'
import { Compiler } from './compile.ts'
import type { PolicyEngine } from './engine.ts'
import { PolicyError, type PolicyProblem } from './error.ts'
import { type PolicyFile, readPolicyFiles } from './load.ts'

/** A new version is in force, or was refused while the last good one stays in force. */
export type PolicyChange = { readonly kind: 'loaded'; readonly version: string } | { readonly kind: 'rejected'; readonly problems: readonly PolicyProblem[] }

/** The policies in force. `engine` is read at each use: it is another object after a reload. */
export interface PolicyHolder {
  readonly engine: PolicyEngine
  /** The texts that `engine` was made of; what is on disk may be newer, and broken. */
  readonly files: readonly PolicyFile[]
  /** Since when `engine` is in force here, Unix milliseconds. */
  readonly loadedAt: number
  /** What is on disk now is not in force, and why; null when it is. */
  readonly refused: { readonly at: number; readonly problems: readonly PolicyProblem[] } | null
  /** Returns what ends the subscription. A listener is not told about the load at start. */
  onChange(listener: (change: PolicyChange) => void): () => void
  close(): void
}

/** Editors and deployments write several files; they are read once the folder has been quiet for so long. */
const QUIET_MS = 100
/** Network and container mounts lose notifications, so the folder is read from time to time in any case. */
const POLL_MS = 5000

export interface FollowOptions {
  readonly pollMs?: number
  /** Whether everybody who judges by these policies can load new ones; what anybody cannot load is refused for all. */
  readonly agree?: (files: readonly PolicyFile[]) => Promise<readonly PolicyProblem[]>
}

/** Loads the policies of a configuration and follows their folder. Throws PolicyError when they are broken at start. */
export function openPolicies(config: Config, { pollMs = POLL_MS, agree = () => Promise.resolve([]) }: FollowOptions = {}): PolicyHolder {
  return new FolderHolder(config, pollMs, agree)
}

class FolderHolder implements PolicyHolder {
  engine: PolicyEngine
  files: readonly PolicyFile[]
  loadedAt = Date.now()
  refused: PolicyHolder['refused'] = null
  readonly #config: Config
  readonly #compiler: Compiler
  readonly #agree: NonNullable<FollowOptions['agree']>
  readonly #listeners = new Set<(change: PolicyChange) => void>()
  readonly #watcher: FSWatcher | null
  readonly #poll: NodeJS.Timeout
  #quiet: NodeJS.Timeout | undefined
  /** One reading at a time. */
  #turn: Promise<void> = Promise.resolve()
  /** What was refused last, so that a broken file is told once and not at every poll. */
  #refused: string | null = null

  constructor(config: Config, pollMs: number, agree: NonNullable<FollowOptions['agree']>) {
    this.#config = config
    this.#agree = agree
    this.#compiler = new Compiler(config)
    this.files = readPolicyFiles(config.policies)
    this.engine = createEngine(config, this.files, this.#compiler)
    this.#watcher = this.#watch()
    this.#poll = setInterval(() => this.#reload(), pollMs).unref()
  }

  onChange(listener: (change: PolicyChange) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  close(): void {
    this.#watcher?.close()
    clearInterval(this.#poll)
    clearTimeout(this.#quiet)
    this.#listeners.clear()
  }

  #watch(): FSWatcher | null {
    try {
      const watcher = watch(this.#config.policies, { persistent: false }, () => this.#soon())
      return watcher.on('error', () => watcher.close())
    } catch {
      return null // no notifications here (too many watches, an odd file system): the poll is enough
    }
  }

  #soon(): void {
    clearTimeout(this.#quiet)
    this.#quiet = setTimeout(() => this.#reload(), QUIET_MS).unref()
  }

  #reload(): void {
    this.#turn = this.#turn.then(async () => {
      const change = await this.#read()
      if (change) this.#listeners.forEach((listener) => listener(change))
    })
  }

  async #read(): Promise<PolicyChange | null> {
    try {
      const files = readPolicyFiles(this.#config.policies)
      const isNew = versionOf(files) !== this.engine.version
      if (isNew) {
        await this.#compiler.prepare(files)
        const engine = createEngine(this.#config, files, this.#compiler)
        const problems = await this.#agree(files)
        if (problems.length > 0) return this.#reject(problems)
        this.engine = engine
        this.files = files
        this.loadedAt = Date.now()
      }
      this.#refused = null
      this.refused = null
      return isNew ? { kind: 'loaded', version: this.engine.version } : null
    } catch (error) {
      return this.#reject(error instanceof PolicyError ? error.problems : [this.#unexpected(error)])
    }
  }

  #reject(problems: readonly PolicyProblem[]): PolicyChange | null {
    const refused = JSON.stringify(problems)
    if (refused === this.#refused) return null
    this.#refused = refused
    this.refused = { at: Date.now(), problems }
    return { kind: 'rejected', problems }
  }

  #unexpected(error: unknown): PolicyProblem {
    return { file: this.#config.policies, line: 1, column: 1, policy: null, message: error instanceof Error ? error.message : String(error) }
  }
}
