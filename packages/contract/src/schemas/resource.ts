import { z } from 'zod'

/** What the caller may do: `runs`, `needs 1 of dba`, or `never`. */
const Outlook = z.string().meta({ examples: ['runs', 'needs 1 of dba', 'never'] })

export const Resource = z
  .object({
    name: z.string(),
    protocol: z.string(),
    labels: z.record(z.string(), z.string()),
    mode: z.enum(['enforce', 'observe']),
    onHold: z.enum(['wait', 'refuse']),
    /** Where a native client connects: the gateway's own address. */
    connect: z.object({ host: z.string(), port: z.number().int(), database: z.string() }),
    summary: z.object({ connect: Outlook, read: Outlook, write: Outlook, ddl: Outlook }),
    /** How long a connection made now would last at most; a grant that was asked for has its own end. Milliseconds. */
    sessionMs: z.number().int(),
  })
  .meta({ id: 'Resource', description: 'A protected target' })
export type Resource = z.infer<typeof Resource>

/** How to reach this gateway, and the certificate (PEM) that its listeners present. */
export const Gateway = z
  .object({
    id: z.string(),
    version: z.string(),
    url: z.string(),
    postgres: z.object({ host: z.string(), port: z.number().int() }),
    certificate: z.string(),
  })
  .meta({ id: 'Gateway' })
export type Gateway = z.infer<typeof Gateway>
