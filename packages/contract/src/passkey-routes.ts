import { z } from 'zod'
import { answers, body, byId, nothing } from './answers.ts'
import {
  AddPasskeyBody,
  AssertionAsked,
  byName,
  CreatedInvite,
  CreationAsked,
  EnrolBody,
  Enrolled,
  Enrolling,
  EnrolOptionsBody,
  InviteBody,
  InviteInfo,
  Passkey,
  PasskeysQuery,
  Person,
  ProveBody,
  ReviewPasskeyBody,
  SignedIn,
  SteppedUp,
} from './schemas/passkey.ts'
import { ToSign, ToSignBody } from './schemas/request.ts'

/** What nobody has to be signed in for. */
const open = { security: [] }

/** Passkeys, who is invited to have one, and what they sign. */
export const passkeyRoutes = {
  signInOptions: {
    method: 'post',
    path: '/api/v1/sign-in/passkey/options',
    summary: 'What to ask the browser for, to sign in with a passkey; without a user name',
    ...open,
    request: { body: body(nothing) },
    responses: answers(AssertionAsked, 'Options for navigator.credentials.get'),
  },
  signInWithPasskey: {
    method: 'post',
    path: '/api/v1/sign-in/passkey',
    summary: 'Sign in with a passkey; sets the cookie',
    ...open,
    request: { body: body(ProveBody) },
    responses: answers(SignedIn, 'Who is signed in'),
  },
  enrolOptions: {
    method: 'post',
    path: '/api/v1/enrol/options',
    summary: 'What to ask the browser for, to enrol a passkey with a link that somebody got',
    ...open,
    request: { body: body(EnrolOptionsBody) },
    responses: answers(Enrolling, 'Whose it will be, and options for navigator.credentials.create'),
  },
  enrol: {
    method: 'post',
    path: '/api/v1/enrol',
    summary: 'Enrol a passkey with a link, which is used up by it; sets the cookie',
    ...open,
    request: { body: body(EnrolBody) },
    responses: answers(Enrolled, 'The passkey'),
  },
  stepUpOptions: {
    method: 'post',
    path: '/api/v1/step-up/options',
    summary: 'What to ask the browser for, to prove once more who is there',
    request: { body: body(nothing) },
    responses: answers(AssertionAsked, 'Options for navigator.credentials.get'),
  },
  stepUp: {
    method: 'post',
    path: '/api/v1/step-up',
    summary: 'Prove once more who is there, with a passkey',
    request: { body: body(ProveBody) },
    responses: answers(SteppedUp, 'Since when that is proven'),
  },

  passkeys: {
    method: 'get',
    path: '/api/v1/passkeys',
    summary: "The caller's passkeys, or everybody's for admins and auditors; `waits=true`: those that another admin has to look at",
    request: { query: PasskeysQuery },
    responses: answers(z.array(Passkey), 'Newest first'),
  },
  addPasskeyOptions: {
    method: 'post',
    path: '/api/v1/passkeys/options',
    summary: 'What to ask the browser for, to enrol a further passkey; who is signed in must have proven it minutes ago (step-up)',
    request: { body: body(nothing) },
    responses: answers(CreationAsked, 'Options for navigator.credentials.create'),
  },
  addPasskey: {
    method: 'post',
    path: '/api/v1/passkeys',
    summary: 'Enrol a further passkey of my own; that of an admin waits for another admin',
    request: { body: body(AddPasskeyBody) },
    responses: answers(Passkey, 'The passkey'),
  },
  removePasskey: {
    method: 'delete',
    path: '/api/v1/passkeys/{id}',
    summary: "Remove a passkey: one's own, or as admin anybody's. It counts no longer; another admin agrees to that where it is an admin's",
    request: { params: byId },
    responses: answers(Passkey, 'The passkey'),
  },
  reviewPasskey: {
    method: 'post',
    path: '/api/v1/passkeys/{id}/review',
    summary: 'Agree, or not, to what a passkey of another admin waits for, or of somebody who is to be one; admins only',
    request: { params: byId, body: body(ReviewPasskeyBody) },
    responses: answers(Passkey, 'The passkey'),
  },

  invite: {
    method: 'post',
    path: '/api/v1/invites',
    summary: 'Make a link with which somebody enrols a passkey, once; admins only',
    request: { body: body(InviteBody) },
    responses: answers(CreatedInvite, 'The only answer that carries the link'),
  },
  invites: {
    method: 'get',
    path: '/api/v1/invites',
    summary: 'Who was invited, and by whom; admins only',
    responses: answers(z.array(InviteInfo), 'Newest first'),
  },
  revokeInvite: {
    method: 'delete',
    path: '/api/v1/invites/{id}',
    summary: 'Take a link back that was not used; admins only',
    request: { params: byId },
    responses: answers(InviteInfo, 'The invitation'),
  },

  people: {
    method: 'get',
    path: '/api/v1/people',
    summary: 'Everybody whom the gateway knows; admins and auditors only',
    responses: answers(z.array(Person), 'By name'),
  },
  disablePerson: {
    method: 'post',
    path: '/api/v1/people/{name}/disable',
    summary: 'From now on somebody may do nothing; live sessions are cut, and grants, sign-ins, tokens and invitations end for good; admins only',
    request: { params: byName, body: body(nothing) },
    responses: answers(Person, 'Who is disabled'),
  },
  enablePerson: {
    method: 'post',
    path: '/api/v1/people/{name}/enable',
    summary: 'Somebody may sign in again; what ended stays so; admins only',
    request: { params: byName, body: body(nothing) },
    responses: answers(Person, 'Who is enabled'),
  },

  toSign: {
    method: 'post',
    path: '/api/v1/requests/{id}/to-sign',
    summary: 'What a reviewer’s passkey signs to approve this, with this comment and no more than this',
    request: { params: byId, body: body(ToSignBody) },
    responses: answers(ToSign, 'The text, and options for navigator.credentials.get whose challenge is its SHA-256'),
  },
} as const
