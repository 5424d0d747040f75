import type { Brief, RequestContext, Run as RunJson } from '@countersign/contract/schemas/request-context'
import { visible } from '@countersign/contract/visible'
import type { Request, RequestStatus } from '@countersign/core/request'
import type { Run, Runs } from '../receipts/runs.ts'
import type { Surroundings } from '../workflow/workflow.ts'
import { presentGrant, presentPrincipal, presentSession } from './present.ts'

const LATEST = 20
const LONGEST = 200

/** What is known beside a request, as the contract says it. */
export function presentSurroundings({ alike, session, before, grants, opened }: Surroundings, { count, latest }: Runs): RequestContext {
  return {
    alike: alike && presentAlike(alike),
    session: session && presentSession(session),
    before: before.slice(0, LATEST).map(presentBrief),
    grants: grants.map(presentGrant),
    runs: { count, latest: latest.map(presentRun) },
    opened: opened.map(presentSession),
  }
}

function presentAlike(alike: readonly Request[]): RequestContext['alike'] {
  const count = (status: RequestStatus) => alike.filter((request) => request.status === status).length
  return {
    approved: count('approved'),
    denied: count('denied'),
    withdrawn: count('withdrawn'),
    expired: count('expired'),
    latest: alike.slice(0, LATEST).map(presentBrief),
  }
}

function presentRun({ startedAt, endedAt, isSealed, ...run }: Run): RunJson {
  return {
    ...run,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: endedAt === null ? null : new Date(endedAt).toISOString(),
    sealed: isSealed,
  }
}

function presentBrief({ id, status, requester, ask, createdAt, decidedAt }: Request): Brief {
  return {
    id,
    status,
    requester: presentPrincipal(requester),
    display: ask.kind === 'scope' ? ask.scope : visible(ask.action.text.slice(0, LONGEST)),
    createdAt: new Date(createdAt).toISOString(),
    decidedAt: decidedAt === null ? null : new Date(decidedAt).toISOString(),
  }
}
