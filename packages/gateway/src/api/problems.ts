import { type Problem, PROBLEM_STATUS, type ProblemCode } from '@countersign/contract/schemas/problem'
import { DomainError } from '@countersign/core/error'
import type { Hook } from '@hono/zod-openapi'
import { HTTPException } from 'hono/http-exception'
import type { Logger } from 'pino'
import { IdentityError } from '../identity/tokens.ts'
import { JournalBroken } from '../journal/journal.ts'
import { StoreUnavailable } from '../store/store.ts'
import { WorkflowError } from '../workflow/workflow.ts'
import type { Ctx, Env } from './env.ts'

/** Seconds, of whatever there is too much of: each of it is counted by the minute, or is over within one. */
const RETRY_AFTER = '60'

type Refused = Omit<Problem, 'code'> & { readonly code: ProblemCode }

/** An error answer in the API's own words. */
export function answerProblem(c: Ctx, problem: Refused): Response {
  if (problem.code === 'too-many') c.header('retry-after', RETRY_AFTER)
  return c.json({ ...problem, requestId: c.get('requestId') } satisfies Problem, PROBLEM_STATUS[problem.code])
}

/** What was thrown, as an answer. What nobody foresaw is logged, and answered without its words: they may hold anything. */
export function answerError(c: Ctx, error: unknown, log: Logger): Response {
  const problem = problemOf(error)
  if (problem.code === 'internal' || problem.code === 'unavailable') log.error({ requestId: c.get('requestId'), err: error }, problem.code)
  return answerProblem(c, problem)
}

function problemOf(error: unknown): Refused {
  if (error instanceof DomainError) return { code: error.code, message: error.message }
  if (error instanceof WorkflowError) return ofWorkflow(error)
  if (error instanceof IdentityError) return { code: 'unprocessable', message: error.message }
  if (error instanceof StoreUnavailable)
    return { code: 'unavailable', message: "the gateway's store does not answer, so nothing was done", hint: 'Try again when it is back; /readyz says so.' }
  if (error instanceof JournalBroken)
    return { code: 'unavailable', message: 'the gateway cannot record what happens, so nothing was done', hint: 'Its operator finds why in the log.' }
  if (error instanceof HTTPException) return ofHttp(error)
  return { code: 'internal', message: 'the gateway made a mistake; its log says which, under this requestId' }
}

function ofWorkflow({ code, message, policies }: WorkflowError): Refused {
  const named = policies.length > 0 ? { policies: [...policies] } : {}
  switch (code) {
    case 'not-found':
    case 'denied':
    case 'forbidden':
    case 'unavailable':
    case 'step-up-required':
    case 'too-many':
    case 'authorization-pending':
    case 'slow-down':
    case 'access-denied':
    case 'expired-code':
      return { code, message, ...named }
    case 'invalid':
      return { code: 'unprocessable', message, ...named }
  }
}

/** The framework's own refusals: a body that is not JSON, or not said to be. */
function ofHttp({ status, message }: HTTPException): Refused {
  if (status === 415) return { code: 'unsupported-media-type', message: 'send JSON, with `Content-Type: application/json`' }
  if (status < 500) return { code: 'invalid', message: message || 'this request cannot be read' }
  return { code: 'internal', message: 'the gateway made a mistake; its log says which, under this requestId' }
}

/** What does not fit a route's schema: names each field and what was expected of it. */
export const answerInvalid: Hook<unknown, Env, string, Response | undefined> = (result, c) => {
  if (result.success) return undefined
  const faults = result.error.issues.slice(0, 10).map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
  return answerProblem(c, { code: 'invalid', message: faults.join('; '), hint: 'The API is described at /api/docs.' })
}
