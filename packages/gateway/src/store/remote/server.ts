import { z } from 'zod'
import type { WorkerStore } from '../store.ts'
import { CALLS } from './calls.ts'

/** Answers one question of another process. Rejects for arguments that do not have their shape, and as the store does. */
export type Answer = (args: readonly unknown[]) => Promise<unknown>

/** What another process may ask of an open store, by name: `grants.save`. It can neither close it nor reach anything else. */
export function storeAnswers(store: WorkerStore): ReadonlyMap<string, Answer> {
  const answers = new Map<string, Answer>([['ping', () => store.ping()]])
  for (const [part, methods] of Object.entries(CALLS) as [keyof typeof CALLS, Record<string, { readonly args: z.ZodType<unknown[]> }>][]) {
    const target = store[part] as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
    for (const [method, { args: shape }] of Object.entries(methods)) {
      const name = `${part}.${method}`
      answers.set(name, async (args) => {
        const parsed = shape.safeParse(args)
        if (!parsed.success) throw new TypeError(`${name} was asked with arguments that it does not take: ${z.prettifyError(parsed.error)}`)
        return target[method]?.(...parsed.data)
      })
    }
  }
  return answers
}
