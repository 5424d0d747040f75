import { expect } from 'vitest'
import type { Stage } from '../support/stage.ts'
import type { BehaviourName, HELD_BATCH, Seat } from './behaviours.ts'

/** What a client in this process does for each behaviour. `keep` is told how to break a connection off that may be held. */
export interface Rows {
  readonly held: (statement: string, keep: (breakOff: () => void) => void) => Promise<unknown>
  readonly rows: Partial<Record<BehaviourName | typeof HELD_BATCH, () => Promise<unknown>>>
}

/** A client that is a library of Node, run in the process of the tests. */
export function inside({ held, rows }: Rows): Seat {
  let breakOff = () => undefined as void
  return {
    run: async (behaviour) => {
      if (behaviour.startsWith('held ')) return held(behaviour.slice('held '.length), (way) => (breakOff = way))
      const row = new Map(Object.entries(rows)).get(behaviour)
      if (!row) throw new Error(`nothing is written for ${behaviour}`)
      return row()
    },
    vanish: async () => breakOff(),
    close: async () => undefined,
  }
}

/** Resolves when the target runs somebody's pg_sleep, so that there is something to cancel. */
export async function isAsleep({ ask }: Pick<Stage, 'ask'>): Promise<void> {
  const asleep = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid()"
  await expect.poll(() => ask(asleep)).toHaveLength(1)
}
