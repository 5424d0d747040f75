import { z } from 'zod'
import { Id } from './schemas/common.ts'
import { Problem } from './schemas/problem.ts'

/** What routes are put together from. */

export const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } })

export const refusals = {
  '4XX': { description: 'Refused: `code` says by which rule, `message` what to do', content: json(Problem) },
  '5XX': { description: 'The gateway cannot decide, record or answer: nothing was done', content: json(Problem) },
}

export const answers = <S extends z.ZodType>(schema: S, description: string) => ({ 200: { description, content: json(schema) }, ...refusals })

export const body = <S extends z.ZodType>(schema: S) => ({ required: true, content: json(schema) })

export const byId = z.object({ id: Id })

/** The body of what has nothing to say. */
export const nothing = z.strictObject({}).meta({ id: 'Nothing' })
