import { z } from 'zod'
import { Grant } from './grant.ts'
import { Request } from './request.ts'
import { Session } from './session.ts'

/** Something that the caller may see has changed. `run`: under the grant of a request something began to run, or is over. `resync`: changes may have been missed, read your lists again. */
export const Change = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('request'), request: Request }),
    z.object({ kind: z.literal('grant'), grant: Grant }),
    z.object({ kind: z.literal('session'), session: Session }),
    z.object({ kind: z.literal('run'), request: z.string() }),
    /** Somebody's rights or passkeys, for admins and auditors. It does not say whose: read what you show again. */
    z.object({ kind: z.literal('people') }),
    z.object({ kind: z.literal('resync') }),
  ])
  .meta({ id: 'Change' })
export type Change = z.infer<typeof Change>
