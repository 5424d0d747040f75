import { z } from 'zod'
import { answers, body, byId, nothing } from './answers.ts'
import { deviceRoutes } from './device-routes.ts'
import { ledgerRoutes } from './ledger-routes.ts'
import { passkeyRoutes } from './passkey-routes.ts'
import { Flag } from './schemas/common.ts'
import { EraseBody, Erasure } from './schemas/erasure.ts'
import { CheckReport } from './schemas/finding.ts'
import { DoneBody, EndBody, Grant } from './schemas/grant.ts'
import { Lease } from './schemas/lease.ts'
import { NotificationChoices, Notifications, Push, PushSubscription, SubscribeBody, Trial } from './schemas/notification.ts'
import { AccessPage, AccessQuery, ExplainBody, Explanation, Policies } from './schemas/policy.ts'
import { Overview, OverviewQuery } from './schemas/overview.ts'
import { Whoami } from './schemas/principal.ts'
import { Receipt } from './schemas/receipt.ts'
import { ApproveBody, AskBody, Asked, DenyBody, Request, RequestsQuery } from './schemas/request.ts'
import { RequestContext } from './schemas/request-context.ts'
import { Gateway, Resource } from './schemas/resource.ts'
import { RecordingsPage, RecordingsQuery } from './schemas/recording.ts'
import { Session, SessionsQuery, SessionView } from './schemas/session.ts'
import { LoginInfo, LoginsQuery, SignedOut } from './schemas/login.ts'
import { SignInMethods } from './schemas/sign-in.ts'
import { CreatedToken, CreateTokenBody, RevokeTokensBody, TokenInfo, TokensQuery } from './schemas/token.ts'

/** Of what needs no proof of who asks. */
const open: Record<string, string[]>[] = []
const live = z.strictObject({ live: Flag.optional() })

/**
 * The API under /api/v1: server, OpenAPI document and typed client are made from these. A POST or PUT always carries a JSON
 * object, if only `{}`. Everything here needs a token, the cookie of a sign-in, or the gateway's own admin socket, but what is `open`.
 */
export const routes = {
  ...passkeyRoutes,
  whoami: { method: 'get', path: '/api/v1/whoami', summary: 'Who am I', responses: answers(Whoami, 'The caller') },
  resources: {
    method: 'get',
    path: '/api/v1/resources',
    summary: 'Resources, and what the caller may do on each',
    responses: answers(z.array(Resource), 'By name'),
  },
  checkResource: {
    method: 'post',
    path: '/api/v1/resources/{name}/check',
    summary: 'Look at a target for what is wrong with it; admins only',
    request: { params: z.object({ name: z.string() }), body: body(nothing) },
    responses: answers(CheckReport, 'What was looked at and found; nothing was changed'),
  },

  ask: {
    method: 'post',
    path: '/api/v1/requests',
    summary: 'Ask ahead for an action, or for a scope for a while',
    request: { body: body(AskBody) },
    responses: answers(Asked, 'The request; approved already where policy allows by itself'),
  },
  requests: {
    method: 'get',
    path: '/api/v1/requests',
    summary: 'Requests that the caller may see; `inbox`: those that wait for his review',
    request: { query: RequestsQuery },
    responses: answers(z.array(Request), 'Newest first'),
  },
  request: { method: 'get', path: '/api/v1/requests/{id}', summary: 'One request', request: { params: byId }, responses: answers(Request, 'The request') },
  requestContext: {
    method: 'get',
    path: '/api/v1/requests/{id}/context',
    summary: 'What became of requests like it, the session it is held in, and what its approval yielded',
    request: { params: byId },
    responses: answers(RequestContext, 'As far as the caller may see the request'),
  },
  receipt: {
    method: 'get',
    path: '/api/v1/requests/{id}/receipt',
    summary: 'All that proves what became of it, to be verified without a gateway; for who asked, who reviewed, admins and auditors',
    request: { params: byId },
    responses: answers(Receipt, 'The receipt'),
  },
  approve: {
    method: 'post',
    path: '/api/v1/requests/{id}/approve',
    summary: 'Approve: exactly, or with `shape` or `for` as wide as policy lets',
    request: { params: byId, body: body(ApproveBody) },
    responses: answers(Request, 'Pending still when more reviewers are needed'),
  },
  deny: {
    method: 'post',
    path: '/api/v1/requests/{id}/deny',
    summary: 'Deny; the comment is shown to the requester',
    request: { params: byId, body: body(DenyBody) },
    responses: answers(Request, 'The denied request'),
  },
  withdraw: {
    method: 'post',
    path: '/api/v1/requests/{id}/withdraw',
    summary: 'Take back a request of my own',
    request: { params: byId, body: body(nothing) },
    responses: answers(Request, 'The withdrawn request'),
  },

  grants: {
    method: 'get',
    path: '/api/v1/grants',
    summary: 'Grants that the caller may see',
    request: { query: live },
    responses: answers(z.array(Grant), 'Newest first'),
  },
  revoke: {
    method: 'post',
    path: '/api/v1/grants/{id}/revoke',
    summary: 'Take a grant back and cut the connections under it',
    request: { params: byId, body: body(EndBody) },
    responses: answers(Grant, 'The revoked grant'),
  },
  done: {
    method: 'post',
    path: '/api/v1/done',
    summary: 'I have finished: end my live grants, on one resource or on all',
    request: { body: body(DoneBody) },
    responses: answers(z.array(Grant), 'The grants that were ended'),
  },

  sessions: {
    method: 'get',
    path: '/api/v1/sessions',
    summary: 'Sessions that the caller may see',
    request: { query: SessionsQuery },
    responses: answers(z.array(Session), 'Newest first, 500 at most'),
  },
  session: { method: 'get', path: '/api/v1/sessions/{id}', summary: 'One session', request: { params: byId }, responses: answers(SessionView, 'The session') },
  kill: {
    method: 'post',
    path: '/api/v1/sessions/{id}/kill',
    summary: 'Cut a session',
    request: { params: byId, body: body(EndBody) },
    responses: answers(Session, 'The session, with who cut it'),
  },

  leases: {
    method: 'get',
    path: '/api/v1/leases',
    summary: 'Accounts that were made on targets for single sessions; admins and auditors only',
    request: { query: live },
    responses: answers(z.array(Lease), 'Newest first; `live`: those that are not removed, and may be there'),
  },

  erasures: {
    method: 'get',
    path: '/api/v1/erasures',
    summary: 'Whose personal data was erased, and where not yet; admins and auditors only',
    responses: answers(z.array(Erasure), 'Newest first'),
  },
  erase: {
    method: 'post',
    path: '/api/v1/erasures',
    summary: 'Erase what policy marks as personal of a user, at every gateway, for good; admins only',
    request: { body: body(EraseBody) },
    responses: answers(Erasure, 'It is asked; every gateway says by itself when it is done'),
  },

  tokens: {
    method: 'get',
    path: '/api/v1/tokens',
    summary: 'Tokens that the caller may see; `user`: those of one person',
    request: { query: TokensQuery },
    responses: answers(z.array(TokenInfo), 'Without their secrets'),
  },
  createToken: {
    method: 'post',
    path: '/api/v1/tokens',
    summary: 'Make a token',
    request: { body: body(CreateTokenBody) },
    responses: answers(CreatedToken, 'The only answer that carries the secret'),
  },
  revokeToken: {
    method: 'delete',
    path: '/api/v1/tokens/{id}',
    summary: 'Revoke a token; its sessions are cut',
    request: { params: byId },
    responses: answers(TokenInfo, 'The revoked token'),
  },
  revokeTokens: {
    method: 'post',
    path: '/api/v1/tokens/revoke',
    summary: "Revoke all tokens of the caller, his agents' too, or as admin those of another user; their sessions are cut",
    request: { body: body(RevokeTokensBody) },
    responses: answers(z.array(TokenInfo), 'Those that were good until now'),
  },

  logins: {
    method: 'get',
    path: '/api/v1/logins',
    summary: 'Where I am signed in on the web; `user`: another one, for admins and auditors',
    request: { query: LoginsQuery },
    responses: answers(z.array(LoginInfo), 'Newest first, without those that are over'),
  },
  endLogin: {
    method: 'delete',
    path: '/api/v1/logins/{id}',
    summary: 'Sign out elsewhere: my own, or anybody as admin',
    request: { params: byId },
    responses: answers(LoginInfo, 'The login, which has ended'),
  },
  signIn: {
    method: 'get',
    path: '/api/v1/sign-in',
    summary: 'How people sign in here; open to everybody',
    security: open,
    responses: answers(SignInMethods, 'The ways in'),
  },
  signOut: {
    method: 'post',
    path: '/api/v1/sign-out',
    summary: 'Sign out this browser',
    request: { body: body(nothing) },
    responses: answers(SignedOut, 'The cookie is gone'),
  },

  ...deviceRoutes,

  policy: { method: 'get', path: '/api/v1/policy', summary: 'The policies in force', responses: answers(Policies, 'Their texts and version') },
  explain: {
    method: 'post',
    path: '/api/v1/policy/explain',
    summary: 'What policy says to an action, and why; for another user only as admin or auditor',
    request: { body: body(ExplainBody) },
    responses: answers(Explanation, 'The decision and every policy that matched'),
  },

  overview: {
    method: 'get',
    path: '/api/v1/overview',
    summary: 'Figures of the last days (30): requests, waiting, what ran, what was denied, what nobody uses; admins and auditors only',
    request: { query: OverviewQuery },
    responses: answers(Overview, 'A minute old at most'),
  },

  policyAccess: {
    method: 'get',
    path: '/api/v1/policy/access',
    summary: 'Who may do what: every person and resource; for who is neither admin nor auditor his own',
    request: { query: AccessQuery },
    responses: answers(AccessPage, 'By person and resource'),
  },

  ...ledgerRoutes,

  recordings: {
    method: 'get',
    path: '/api/v1/recordings',
    summary: 'Recordings of sessions: those of the caller, or of everybody for auditors',
    request: { query: RecordingsQuery },
    responses: answers(RecordingsPage, 'Newest first'),
  },

  notifications: {
    method: 'get',
    path: '/api/v1/me/notifications',
    summary: 'What the caller is told of, and how',
    responses: answers(Notifications, 'His choices, and what reaches him'),
  },
  setNotifications: {
    method: 'put',
    path: '/api/v1/me/notifications',
    summary: 'Choose what to be told of, and how',
    request: { body: body(NotificationChoices) },
    responses: answers(Notifications, 'As chosen'),
  },
  tryNotifications: {
    method: 'post',
    path: '/api/v1/me/notifications/try',
    summary: 'Send the caller a message now, by each channel that reaches him',
    request: { body: body(nothing) },
    responses: answers(z.array(Trial), 'What came of each; none, where no channel reaches him'),
  },
  push: {
    method: 'get',
    path: '/api/v1/me/push',
    summary: 'The key that a browser subscribes with, and the caller’s browsers that are told',
    responses: answers(Push, 'Oldest first'),
  },
  subscribePush: {
    method: 'post',
    path: '/api/v1/me/push',
    summary: 'Tell this browser; again for the same one changes nothing, unless it was somebody else’s',
    request: { body: body(SubscribeBody) },
    responses: answers(PushSubscription, 'The subscription'),
  },
  unsubscribePush: {
    method: 'delete',
    path: '/api/v1/me/push/{id}',
    summary: 'Tell this browser no more',
    request: { params: byId },
    responses: answers(PushSubscription, 'What was removed'),
  },

  gateway: { method: 'get', path: '/api/v1/gateway', summary: 'How to reach this gateway', responses: answers(Gateway, 'Addresses, certificate and version') },
} as const

/** What needs no proof of who asks. None has a parameter in its path. */
export const openRoutes: readonly { readonly method: string; readonly path: string }[] = Object.values(routes).filter((route) => 'security' in route)

export type Routes = typeof routes
export type Route = Routes[keyof Routes]
