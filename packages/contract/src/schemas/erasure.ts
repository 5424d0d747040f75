import { z } from 'zod'
import { Id, Name, Remark, Timestamp } from './common.ts'

export const EraseBody = z
  .strictObject({ user: Name, reason: Remark.describe('why: the ledger keeps it, and who was erased, sealed') })
  .meta({ id: 'EraseBody', description: 'Whose personal data is to be erased' })

export const Erasure = z
  .object({
    id: Id,
    user: z.string(),
    by: z.string(),
    at: Timestamp,
    /** The gateways that have erased it. */
    done: z.array(z.object({ gateway: z.string(), at: Timestamp })),
    /** Those that have not, among all that ever were on this store. */
    waiting: z.array(z.string()),
  })
  .meta({ id: 'Erasure', description: 'The personal data of a user is erased, at every gateway' })
export type Erasure = z.infer<typeof Erasure>
