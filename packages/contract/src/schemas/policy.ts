import { z } from 'zod'
import { ActionType, Name, text, Timestamp } from './common.ts'
import { wholeNumber } from './ledger.ts'
import { Ceiling } from './request.ts'

/** One fault in a policy file, as `policy check` prints it. `line` counts from 1. */
export const PolicyProblem = z
  .object({ file: z.string(), line: z.number().int().positive().nullable(), message: z.string(), hint: z.string().optional() })
  .meta({ id: 'PolicyProblem' })
export type PolicyProblem = z.infer<typeof PolicyProblem>

/**
 * The policies in force; `version` is the SHA-256 of their texts and is recorded with every decision. `refused`: what is on disk now is broken, and why; it is
 * not in force.
 */
export const Policies = z
  .object({
    version: z.string(),
    loadedAt: Timestamp,
    files: z.array(z.object({ name: z.string(), text: z.string() })),
    refused: z.object({ at: Timestamp, problems: z.array(PolicyProblem) }).nullable(),
  })
  .meta({ id: 'Policies' })
export type Policies = z.infer<typeof Policies>

const Decision = z
  .object({
    effect: z.enum(['allow', 'review', 'deny']),
    /** The ids of the policies that decided. */
    policies: z.array(z.string()),
    /** For review: `1 of dba`. */
    needs: z.string().nullable(),
    /** For deny: why. */
    message: z.string().nullable(),
    /** Without a ceiling an approval is good once. */
    ceiling: Ceiling.nullable(),
    expiresMs: z.number().int().positive().nullable(),
    reasonRequired: z.boolean(),
    tickets: z.array(z.string()),
    mask: z.array(z.string()),
    /** Of what is recorded: sealed for the person. */
    personal: z.array(z.string()),
    /** The values of parameters are neither recorded nor shown. */
    secret: z.boolean(),
    sign: z.boolean(),
  })
  .meta({ id: 'Decision' })

/** A policy whose conditions hold, and where it is written. */
const MatchedPolicy = z
  .object({
    id: z.string(),
    effect: z.enum(['permit', 'forbid']),
    file: z.string(),
    line: z.number().int(),
    annotations: z.record(z.string(), z.string()),
  })
  .meta({ id: 'MatchedPolicy' })

/** The decision for the whole action, and each statement's own. */
export const Explanation = z
  .object({
    policyVersion: z.string(),
    decision: Decision,
    statements: z.array(
      z.object({
        type: ActionType,
        /** For `sql:unknown`: why. */
        because: z.string().nullable(),
        decision: Decision,
        matched: z.array(MatchedPolicy),
      }),
    ),
  })
  .meta({ id: 'Explanation' })
export type Explanation = z.infer<typeof Explanation>

/** What would policy say? An action by its text, or by its type (then as a bounded statement on an unknown number of rows). Without a user: the caller. */
export const ExplainBody = z
  .strictObject({ user: Name.optional(), agent: Name.optional(), resource: Name, type: ActionType.optional(), action: text(1_000_000).optional() })
  .refine(({ type, action }) => (type === undefined) !== (action === undefined), 'give action (its text) or type, one of them')
  .meta({ id: 'Explain' })

/** Whose rights, and on what; `start` is the `next` of the page before. */
export const AccessQuery = z.strictObject({
  user: text(253).optional(),
  resource: Name.optional(),
  start: wholeNumber(Number.MAX_SAFE_INTEGER).optional(),
})

/** What policy says to a person on a resource, each in words: `runs`, `needs 1 of dba`, `never`. Judged as harmless statements that touch no row. */
export const AccessPage = z
  .object({
    rows: z.array(
      z.object({
        user: z.string(),
        groups: z.array(z.string()),
        resource: z.string(),
        connect: z.string(),
        read: z.string(),
        write: z.string(),
        ddl: z.string(),
      }),
    ),
    next: z.number().int().nullable(),
  })
  .meta({ id: 'PolicyAccess' })
export type AccessPage = z.infer<typeof AccessPage>
