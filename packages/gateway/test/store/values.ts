import type { LoginRecord, PersonRecord, SessionRecord, TokenRecord } from '../../src/store/store.ts'
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
