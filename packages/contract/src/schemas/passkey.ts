import { z } from 'zod'
import { Duration, Flag, Name, text, Timestamp } from './common.ts'
import { Assertion, CreationOptions, Registration, RequestOptions } from './webauthn.ts'

/**
 * `waiting`: it is enrolled, and counts once another admin has agreed. `active`: it signs in and signs approvals. `leaving`: it is to be removed, which another
 * admin has to agree to, and counts no longer meanwhile. Only keys of admins wait for anybody.
 */
export const PasskeyStatus = z.enum(['waiting', 'active', 'leaving', 'removed']).meta({ id: 'PasskeyStatus' })
export type PasskeyStatus = z.infer<typeof PasskeyStatus>

/** A passkey, as far as anybody is told: its public key is in the ledger. */
export const Passkey = z
  .object({
    id: z.string(),
    user: z.string(),
    /** What its owner calls it. */
    name: z.string(),
    status: PasskeyStatus,
    algorithm: z.enum(['ES256', 'RS256', 'EdDSA']),
    /** It is kept by a service that brings it to its owner's other devices. */
    backedUp: z.boolean(),
    createdAt: Timestamp,
    lastUsedAt: Timestamp.nullable(),
    removedAt: Timestamp.nullable(),
    /** Another admin is asked to agree: that it counts, that it is removed, or, where it is `active`, that it counts for somebody who is to be an admin, and is none before. */
    waits: z.boolean(),
    /** Whether the caller is who may agree to that. */
    reviewable: z.boolean(),
  })
  .meta({ id: 'Passkey' })
export type Passkey = z.infer<typeof Passkey>

const Label = text(100)

/** `waits`: all that another admin is asked about, of whomever. */
export const PasskeysQuery = z.strictObject({ user: Name.optional(), status: PasskeyStatus.optional(), waits: Flag.optional() })

/** `credential` is what the browser gave for the options that were asked for just before. */
export const AddPasskeyBody = z.strictObject({ name: Label, credential: Registration }).meta({ id: 'AddPasskey' })
export const ReviewPasskeyBody = z
  .strictObject({ approve: z.boolean() })
  .meta({ id: 'ReviewPasskey', description: 'Of one that waits: it counts, or is removed. Of one that leaves: it is removed, or counts again' })

/** What to ask the browser for. A challenge is good once, and for five minutes. */
export const CreationAsked = z.object({ options: CreationOptions }).meta({ id: 'PasskeyCreationAsked' })
export const AssertionAsked = z.object({ options: RequestOptions }).meta({ id: 'PasskeyAssertionAsked' })
export const ProveBody = z.strictObject({ credential: Assertion }).meta({ id: 'PasskeyProof' })

/** Who is signed in, in this browser, from now on. */
export const SignedIn = z.object({ user: z.string(), passkey: z.string() }).meta({ id: 'SignedIn' })
export const SteppedUp = z.object({ verifiedAt: Timestamp }).meta({ id: 'SteppedUp' })

/** Links that enrol a passkey, once. */
const Secret = z.string().regex(/^[A-Za-z0-9_-]{20,100}$/, 'expected what stands behind the # of the link')

export const InviteBody = z
  .strictObject({
    user: Name,
    groups: z.array(Name).max(100).optional(),
    admin: z.boolean().optional(),
    for: Duration.optional(),
  })
  .meta({
    id: 'Invite',
    description: '`groups` and `admin` are for somebody who is not known yet; `for` is how long the link is good, a day where it does not say',
  })

export const InviteInfo = z
  .object({
    id: z.string(),
    user: z.string(),
    createdBy: z.string(),
    createdAt: Timestamp,
    expiresAt: Timestamp,
    usedAt: Timestamp.nullable(),
    revokedAt: Timestamp.nullable(),
  })
  .meta({ id: 'InviteInfo' })
export type InviteInfo = z.infer<typeof InviteInfo>

/** The one answer that carries the link: whoever opens it first enrols a passkey for this user. */
export const CreatedInvite = InviteInfo.extend({ link: z.string() }).meta({ id: 'CreatedInvite' })
export type CreatedInvite = z.infer<typeof CreatedInvite>

export const EnrolOptionsBody = z.strictObject({ secret: Secret }).meta({ id: 'EnrolOptions' })
export const Enrolling = z.object({ user: z.string(), expiresAt: Timestamp, options: CreationOptions }).meta({ id: 'Enrolling' })
export const EnrolBody = z.strictObject({ secret: Secret, name: Label, credential: Registration }).meta({ id: 'Enrol' })

/** `signedIn`: this browser is, from now on. It is not while the passkey waits for another admin. */
export const Enrolled = z.object({ passkey: Passkey, signedIn: z.boolean() }).meta({ id: 'Enrolled' })

/** What one source says of somebody: `config`, an issuer (`oidc:` and its name), `scim`, or `local`, the gateway's own admins. Disabled by any he is disabled. */
export const PersonSaid = z
  .object({
    source: z.string(),
    groups: z.array(z.string()),
    admin: z.boolean(),
    auditor: z.boolean(),
    active: z.boolean(),
    /** The admin who has disabled him, where one of this gateway has. */
    disabledBy: z.string().nullable(),
    /** How long it is believed of groups and duties, where the source has to say it again. */
    until: Timestamp.nullable(),
  })
  .meta({ id: 'PersonSaid' })
export type PersonSaid = z.infer<typeof PersonSaid>

/** Somebody whom the gateway knows: from its configuration, from an issuer, from SCIM, or because he was invited. */
export const Person = z
  .object({
    name: z.string(),
    displayName: z.string().nullable(),
    email: z.string().nullable(),
    groups: z.array(z.string()),
    admin: z.boolean(),
    /** He is to be an admin, and is none before another admin has agreed to his passkeys. */
    adminWaits: z.boolean(),
    auditor: z.boolean(),
    active: z.boolean(),
    sources: z.array(z.string()),
    said: z.array(PersonSaid),
    /** How many passkeys of his count. */
    passkeys: z.number().int().nonnegative(),
  })
  .meta({ id: 'Person' })
export type Person = z.infer<typeof Person>

export const byName = z.object({ name: Name })
