import type { InviteRecord, LoginRecord, PasskeyRecord, PersonRecord, SessionRecord, TokenRecord } from '../../src/store/store.ts'
import { ALICE, MINUTE, NOW } from '../../../core/test/arbitraries.ts'

/** Alice is connected to orders-db. */
export function aSession(over: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: 'session-1',
    version: 1,
    gateway: 'gw-1',
    principal: ALICE,
    resource: 'orders-db',
    database: 'orders',
    grant: 'grant-1',
    client: '127.0.0.1:50000',
    startedAt: NOW,
    endsAt: NOW + 20 * MINUTE,
    cut: null,
    endedAt: null,
    endReason: null,
    ...over,
  }
}

/** Alice's own token. */
export function aToken(over: Partial<TokenRecord> = {}): TokenRecord {
  return {
    id: 'token-1',
    hash: `hash of ${over.id ?? 'token-1'}`,
    scram: { storedKey: 'c3RvcmVk', serverKey: 'c2VydmVy' },
    user: ALICE.user,
    agent: null,
    name: null,
    scope: null,
    mayReview: true,
    proven: true,
    createdBy: ALICE.user,
    createdAt: NOW,
    expiresAt: NOW + 60 * MINUTE,
    revokedAt: null,
    lastUsedAt: null,
    ...over,
  }
}

/** Alice, as an issuer knows her. */
export function aPerson(over: Partial<PersonRecord> = {}): PersonRecord {
  return {
    id: 'person-1',
    version: 1,
    name: ALICE.user,
    source: 'oidc:corp',
    externalId: null,
    groups: ['engineering'],
    admin: false,
    auditor: false,
    active: true,
    displayName: null,
    email: null,
    createdAt: NOW,
    updatedAt: NOW,
    until: null,
    ...over,
  }
}

/** Bob's, on his telephone. */
export function aPasskey(over: Partial<PasskeyRecord> = {}): PasskeyRecord {
  return {
    id: 'pk-1',
    version: 1,
    credential: `credential of ${over.id ?? 'pk-1'}`,
    user: 'bob@example.com',
    name: 'telephone',
    publicKey: 'AA==',
    algorithm: 'ES256',
    rpId: 'gateway.example.com',
    counter: 0,
    transports: ['internal'],
    backedUp: false,
    status: 'active',
    by: 'bob@example.com',
    agreed: false,
    createdAt: NOW,
    lastUsedAt: null,
    removedAt: null,
    entries: [{ gateway: 'gw-1', seq: 1 }],
    ...over,
  }
}

/** Bob may enrol one. */
export function anInvite(over: Partial<InviteRecord> = {}): InviteRecord {
  return {
    id: 'inv-1',
    version: 1,
    hash: `hash of ${over.id ?? 'inv-1'}`,
    user: 'bob@example.com',
    createdBy: 'carol@example.com',
    createdAt: NOW,
    expiresAt: NOW + 60 * MINUTE,
    usedAt: null,
    revokedAt: null,
    ...over,
  }
}

/** Alice has signed in. */
export function aLogin(over: Partial<LoginRecord> = {}): LoginRecord {
  return {
    id: 'login-1',
    hash: `hash of ${over.id ?? 'login-1'}`,
    flow: null,
    user: ALICE.user,
    method: 'oidc:corp',
    createdAt: NOW,
    verifiedAt: NOW,
    lastUsedAt: NOW,
    expiresAt: NOW + 60 * MINUTE,
    endedAt: null,
    client: '127.0.0.1:50000',
    userAgent: null,
    sealed: null,
    ...over,
  }
}
