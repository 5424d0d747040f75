import { ACTION_GROUPS, ACTION_TYPES, type Facts } from '@countersign/core/action'
import type { SchemaJson, Type } from '@cedar-policy/cedar-wasm/nodejs'
import type { Config, WorkerConfig } from '../config/config.ts'

/** Everybody's agents are in this group, whatever the configuration says. */
export const AGENTS = 'agents'

const STRING = { type: 'String' } as const

const CONTEXT: Record<keyof Facts, Type<string>> = {
  rows: { type: 'Long' },
  rowsKnown: { type: 'Boolean' },
  unbounded: { type: 'Boolean' },
  tables: { type: 'Set', element: STRING },
  columns: { type: 'Set', element: STRING },
}

export const FACTS = Object.keys(CONTEXT).filter((key): key is keyof Facts => key in CONTEXT)

/** Label keys that policies may read: what any resource uses, and what `labels:` declares. */
export function labelKeys(config: Pick<Config, 'labels' | 'resources'>): readonly string[] {
  return [...new Set([...config.labels, ...Object.values(config.resources).flatMap(({ labels }) => Object.keys(labels))])].sort()
}

/** Groups that policies and `@review` may name: what any user is in, what `groups:` declares, and `agents`. */
export function knownGroups(config: Pick<Config, 'groups' | 'users'>): readonly string[] {
  return [...new Set([AGENTS, ...config.groups, ...Object.values(config.users).flatMap(({ groups }) => groups)])].sort()
}

/** The group an action type belongs to, as Cedar's `in` sees it. */
export function actionGroups(type: string): readonly string[] {
  return ACTION_GROUPS.filter((group) => type.startsWith(`${group}:`))
}

/** The Cedar schema that every policy is validated against, strictly. A label that a resource lacks is the empty string. */
export function schemaOf(config: WorkerConfig): SchemaJson<string> {
  const attributes = Object.fromEntries(['name', 'protocol', ...labelKeys(config)].map((key) => [key, STRING]))
  const appliesTo = { principalTypes: ['User', 'Agent'], resourceTypes: ['Resource'], context: { type: 'Record', attributes: CONTEXT } } as const
  const types = ACTION_TYPES.map(
    (type) =>
      [
        type,
        {
          memberOf: actionGroups(type).map((id) => ({ id })),
          appliesTo: { ...appliesTo, principalTypes: [...appliesTo.principalTypes], resourceTypes: [...appliesTo.resourceTypes] },
        },
      ] as const,
  )
  return {
    '': {
      entityTypes: {
        Group: {},
        User: { memberOfTypes: ['Group'] },
        Agent: { memberOfTypes: ['Group'], shape: { type: 'Record', attributes: { user: { type: 'Entity', name: 'User' } } } },
        Resource: { shape: { type: 'Record', attributes } },
      },
      actions: Object.fromEntries([...ACTION_GROUPS.map((group) => [group, {}] as const), ...types]),
    },
  }
}
