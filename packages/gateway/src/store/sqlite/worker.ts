import { AsyncLocalStorage } from 'node:async_hooks'
import { parentPort, workerData } from 'node:worker_threads'
import type { Change, Events } from '../database.ts'
import { storeOn } from '../on-database.ts'
import type { Store } from '../store.ts'
import { openSqliteHere } from './open.ts'

export interface Start {
  readonly file: string
  readonly givenUp: BigInt64Array
}

/** One call of a method of the store, or of a part of it. */
export interface Question {
  readonly id: number
  readonly part: string | null
  readonly method: string
  readonly args: readonly unknown[]
}

/** The parts of the store, and what each is asked by. */
export type Opened = Readonly<Record<string, readonly string[]>>

/** `error` is the message of a StoreUnavailable. What a question has changed is said before its answer. */
export type Said =
  | { readonly opened: Opened }
  | { readonly failed: string }
  | { readonly changes: readonly Change[] }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }

const { file, givenUp }: Start = workerData

/** The id of the question that is being answered. */
const answering = new AsyncLocalStorage<number>()

const events: Events = {
  // The last thing before a commit. It may have waited for the lock meanwhile, and whoever asked been told that it failed.
  announce: async () => assertWanted(answering.getStore() ?? 0),
  committed: (changes) => changes.length > 0 && say({ changes }),
  isListening: true,
  subscribe: () => () => {},
  close: () => Promise.resolve(),
}

const opening = openSqliteHere(file, events).then(storeOn)

parentPort?.on('message', (question: Question) => void answer(question).then(say))

try {
  const parts = Object.entries(await opening).filter(([, part]) => typeof part === 'object')
  say({ opened: Object.fromEntries(parts.map(([name, { constructor }]) => [name, methodsOf(constructor)])) })
} catch (error) {
  say({ failed: messageOf(error) })
}

async function answer(question: Question): Promise<Said> {
  const { id } = question
  try {
    assertWanted(id)
    const store = await opening
    return { id, result: await answering.run(id, () => call(store, question)) }
  } catch (error) {
    return { id, error: messageOf(error) }
  }
}

/** Rejects where there is no such method, so that nobody takes it for done. */
async function call(store: Store, { part, method, args }: Question): Promise<unknown> {
  const target: unknown = part === null ? store : Reflect.get(store, part)
  const asked: unknown = typeof target === 'object' && target !== null ? Reflect.get(target, method) : null
  if (typeof asked !== 'function') throw new Error(`the store has no ${part ?? ''} ${method}`)
  const result: unknown = await Reflect.apply(asked, target, args)
  return result
}

function assertWanted(id: number): void {
  if (BigInt(id) <= Atomics.load(givenUp, 0)) throw new Error('the store was given up before it came to this')
}

function methodsOf({ prototype }: Function): readonly string[] {
  return Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function say(said: Said): void {
  parentPort?.postMessage(said)
}
