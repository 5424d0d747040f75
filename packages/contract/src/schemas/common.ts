import { z } from 'zod'

/** A moment: ISO 8601 in UTC with milliseconds, `2026-11-23T14:41:00.000Z`. */
export const Timestamp = z.iso.datetime().meta({ description: 'ISO 8601, UTC' })

/** A duration as people write it, in what is sent: `90s`, `30m`, `8h`. In what is answered durations are numbers in fields named `…Ms`. */
export const Duration = z
  .string()
  .regex(/^[1-9]\d{0,8}(ms|s|m|h|d)$/, 'expected a duration such as 90s, 30m or 8h')
  .meta({ id: 'Duration', description: 'A number and its unit: ms, s, m, h or d', examples: ['30m'] })

/** Names one request, grant, session or token. */
export const Id = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,80}$/, 'expected an id such as req-7kq2')
  .meta({ examples: ['req-7kq2'] })

/** Text that a person or an agent typed. A lone surrogate has no UTF-8 form: what is shown, hashed and forwarded could differ. */
export const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((value) => value.isWellFormed(), 'expected well-formed Unicode')

/** A reason or a comment. */
export const Remark = text(4_000)

/** The name of a resource, user, agent or gateway. */
export const Name = text(253)

/** A yes or no in a query string, where it arrives as text. */
export const Flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((value) => value === 'true')]).meta({ type: 'boolean' })

export const ActionType = z
  .enum(['connect', 'sql:session', 'sql:read', 'sql:write', 'sql:ddl', 'sql:admin', 'sql:unknown'])
  .meta({ id: 'ActionType', description: 'One thing done on a resource' })
export type ActionType = z.infer<typeof ActionType>

export const Scope = z.enum([...ActionType.options, 'sql']).meta({ id: 'Scope', description: 'An action type, or a group of them' })
export type Scope = z.infer<typeof Scope>
