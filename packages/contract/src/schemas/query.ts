import { z } from 'zod'
import { Name, Remark, text } from './common.ts'

/** What is run on a resource by who is signed in. `maxRows`: of each statement; 1,000 where nothing is said. `reason`, `ticket`: as `countersign.reason` and `countersign.ticket` of a client. */
export const QueryAsk = z
  .strictObject({
    resource: Name,
    database: text(63).optional(),
    sql: text(1_000_000),
    maxRows: z.int().min(1).max(10_000).optional(),
    reason: Remark.optional(),
    ticket: text(200).optional(),
  })
  .meta({ id: 'QueryAsk', description: 'SQL to run, one statement or several' })
export type QueryAsk = z.infer<typeof QueryAsk>

const said = z.string().nullable()
/** The request that a message is about: `req-…`, where there is one. */
const request = z.string().nullable()
/** The statement of the text that a line is about, from 0. */
const statement = z.int()

/** What a server says beside its results; a held statement begins with one. */
const Notice = z.object({ kind: z.literal('notice'), severity: z.string(), code: z.string(), message: z.string(), detail: said, hint: said, request })

/** A result begins. `type` is the type's name, or its oid as text. */
const Columns = z.object({ kind: z.literal('columns'), statement, columns: z.array(z.object({ name: z.string(), type: z.string() })) })

/** Values as the server writes them, in its text format. */
const Rows = z.object({ kind: z.literal('rows'), statement, rows: z.array(z.array(z.string().nullable())) })

/** A statement ran. `rows` is how many there were, `more` that not all of them are here. */
const Done = z.object({ kind: z.literal('done'), statement, tag: z.string(), rows: z.int(), more: z.boolean(), ms: z.number() })

/** A statement was refused or failed, and what came after it did not run. `position`: the character of the text that it is about, from 1. */
const Failed = z.object({ kind: z.literal('failed'), code: z.string(), message: z.string(), detail: said, hint: said, position: z.int().nullable(), request })

const End = z.object({ kind: z.literal('end') })

/** What became of a query, a line each, in order. One that does not come to `end` was cut off. */
export const QueryLine = z
  .discriminatedUnion('kind', [Notice, Columns, Rows, Done, Failed, End])
  .meta({ id: 'QueryLine', description: 'One line of what a query answers' })
export type QueryLine = z.infer<typeof QueryLine>
