import { basename } from 'node:path'
import { routes } from '@countersign/contract/routes'
import type { Explanation as ExplanationJson } from '@countersign/contract/schemas/policy'
import { type ActionType, type Facts, NO_FACTS, ROWS_UNKNOWN } from '@countersign/core/action'
import { describeNeed } from '@countersign/core/need'
import { type Decision, hidesValues, NO_OBLIGATIONS, personalOf, strictest } from '@countersign/core/obligations'
import type { Principal } from '@countersign/core/principal'
import { type Caller, scopeOf, seesAll } from '../../identity/caller.ts'
import type { Explanation } from '../../policy/engine.ts'
import { accessOf } from '../../policy/access.ts'
import { WorkflowError } from '../../workflow/workflow.ts'
import type { App } from '../env.ts'
import { presentCeiling } from '../present.ts'
import type { ApiServices, Classified } from '../services.ts'

/** A type alone is judged as a bounded statement on an unknown number of rows. */
const UNKNOWN_ROWS: Facts = { ...NO_FACTS, rows: ROWS_UNKNOWN, rowsKnown: false }

export function mountPolicy(app: App, services: ApiServices): void {
  app.openapi(routes.policy, (c) => {
    assertPerson(c.get('caller'))
    const { version, files, loadedAt, refused } = services.policies()
    const problems = refused?.problems.map(({ file, line, message }) => ({ file: basename(file), line, message })) ?? []
    return c.json(
      {
        version,
        loadedAt: new Date(loadedAt).toISOString(),
        files: files.map(({ name, text }) => ({ name, text })),
        refused: refused && { at: new Date(refused.at).toISOString(), problems },
      },
      200,
    )
  })

  app.openapi(routes.policyAccess, async (c) => {
    const caller = c.get('caller')
    const { user, resource, start } = c.req.valid('query')
    const users = services.directory.users().filter(({ name, active }) => active && (seesAll(caller) || name === caller.principal.user))
    const { rows, next } = await accessOf(
      services.policy(),
      users.filter(({ name }) => user === undefined || name.includes(user)),
      services.resourceNames().filter((name) => resource === undefined || name === resource),
      start ?? 0,
    )
    return c.json({ rows: rows.map(({ groups, ...row }) => ({ ...row, groups: [...groups] })), next }, 200)
  })

  app.openapi(routes.explain, async (c) => {
    const { user, agent, resource, type, action } = c.req.valid('json')
    const principal = subjectOf(services, c.get('caller'), user, agent)
    assertResource(services, resource)
    const statements = action === undefined ? ofType(type) : await statementsOf(services, c.get('caller'), principal, resource, action)
    const engine = services.policy()
    const scope = principal.user === c.get('caller').principal.user ? scopeOf(c.get('caller')) : null
    const explained = statements.map((statement) => ({
      type: statement.type,
      because: statement.because,
      ...engine.explain({ principal, scope, resource, type: statement.type, facts: statement.facts }),
    }))
    return c.json(
      {
        policyVersion: engine.version,
        decision: presentDecision(strictest(explained.map(({ decision }) => decision))),
        statements: explained.map(presentStatement),
      },
      200,
    )
  })
}

/** The texts say which rules there are for others, and how much nobody looks at: people read them, and a program is told what was decided of what it asks. */
function assertPerson(caller: Caller): void {
  if (seesAll(caller) || (caller.principal.agent === null && scopeOf(caller) === null)) return
  throw new WorkflowError(
    'forbidden',
    'an agent, or a token with a scope, is not shown the policies; `policy explain` says which of them decide of its actions',
  )
}

/** The caller himself, or an agent of his; anybody else's rights are an admin's or an auditor's to ask about. */
function subjectOf({ directory }: ApiServices, caller: Caller, user: string = caller.principal.user, agent?: string): Principal {
  const { principal } = caller
  const self = user === principal.user && (principal.agent === null || agent === undefined || agent === principal.agent)
  if (!self && !seesAll(caller)) throw new WorkflowError('forbidden', 'only an admin or an auditor may ask what policy says to somebody else')
  const known = directory.user(user)
  if (!known) throw new WorkflowError('not-found', `there is no user ${user}`)
  return { user, agent: agent ?? (user === principal.user ? principal.agent : null), groups: known.groups }
}

/** A name that is mistyped would be told that no policy matches. */
function assertResource(services: ApiServices, name: string): void {
  const names = services.resourceNames()
  if (!names.includes(name)) throw new WorkflowError('not-found', `there is no resource ${name}; there are ${names.join(', ') || 'none'}`)
}

function ofType(type: ActionType | undefined): readonly Classified[] {
  return type === undefined ? [] : [{ type, facts: type === 'connect' ? NO_FACTS : UNKNOWN_ROWS, because: null }]
}

/** Asking a target what names mean there tells what it holds, so it is for who may connect to it, and for admins. */
async function statementsOf(services: ApiServices, caller: Caller, principal: Principal, resource: string, text: string): Promise<readonly Classified[]> {
  const connect = services.policy().decide({ principal, scope: scopeOf(caller), resource, type: 'connect', facts: NO_FACTS })
  if (caller.admin || connect.effect !== 'deny') return services.classify(resource, text)
  return [
    { type: 'sql:unknown', facts: { ...UNKNOWN_ROWS, unbounded: true }, because: `the target is not asked for ${principal.user}, who may not connect to it` },
  ]
}

function presentStatement({ type, because, decision, matched }: Explanation & Pick<Classified, 'type' | 'because'>): ExplanationJson['statements'][number] {
  return {
    type,
    because,
    decision: presentDecision(decision),
    matched: matched.map(({ id, effect, file, line, annotations }) => ({ id, effect, file, line, annotations })),
  }
}

function presentDecision(decision: Decision): ExplanationJson['decision'] {
  const { reason, tickets, sign, mask, ceiling, expiresMs } = decision.effect === 'deny' ? NO_OBLIGATIONS : decision.obligations
  return {
    effect: decision.effect,
    policies: [...decision.policies],
    needs: decision.effect === 'review' ? describeNeed(decision.need) : null,
    message: decision.effect === 'deny' ? decision.message : null,
    ceiling: ceiling && presentCeiling(ceiling),
    expiresMs,
    reasonRequired: reason,
    tickets: [...tickets],
    mask: [...mask],
    personal: [...personalOf(decision)],
    secret: hidesValues(decision),
    sign,
  }
}
