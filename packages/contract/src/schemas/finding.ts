import { z } from 'zod'

/** `blocking`: connections are refused until it is mended. `serious`: something does not work, or is open to whoever finds it. `warning`: worth knowing. */
export const Severity = z.enum(['blocking', 'serious', 'warning'])
export type Severity = z.infer<typeof Severity>

export const Finding = z
  .object({
    /** The name of the check that found it. */
    check: z.string(),
    severity: Severity,
    /** Null is the whole server. */
    database: z.string().nullable(),
    what: z.string(),
    why: z.string(),
    /** What mends it, to be run in `database`; null where no SQL does. */
    sql: z.string().nullable(),
  })
  .meta({ id: 'Finding', description: 'One thing that is wrong with a target' })
export type Finding = z.infer<typeof Finding>

export const CheckReport = z
  .object({
    resource: z.string(),
    /** Those that were looked into: all that the credential may enter. */
    databases: z.array(z.string()),
    /** The worst first. */
    findings: z.array(Finding),
  })
  .meta({ id: 'CheckReport' })
export type CheckReport = z.infer<typeof CheckReport>
