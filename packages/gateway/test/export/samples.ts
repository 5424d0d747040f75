import type { JsonValue } from '@countersign/ledger/canonical'
import { encodeEntry, type Entry, hashEntry, NO_PREVIOUS } from '@countersign/ledger/entry'
import { type DataKey, seal } from '@countersign/ledger/seal'
import type { EventType } from '../../src/journal/journal.ts'
import type { Leaf } from '../../src/store/store.ts'

export interface Sample {
  readonly type: string
  readonly body: Readonly<Record<string, JsonValue>>
  readonly secret?: Readonly<Record<string, JsonValue>>
}

const VERSION = 'a1'.repeat(32)
const PLACE = { principal: 'alice@example.com', resource: 'orders-db' }

/** One of each type, as gateways write them, in the order of a working day. */
export const SAMPLES: Readonly<Record<EventType, Sample>> = byType([
  { type: 'gateway.enrolled', body: { key: 'QUJD' } },
  { type: 'gateway.key-rotated', body: { key: 'QUJE', signature: 'QUJF' } },
  { type: 'gateway.vouched', body: { gateway: 'gw-0000000002', key: 'QUJG', by: 'root@example.com' } },
  { type: 'journal.recovered', body: { bytes: 12, sha256: 'ab' } },
  { type: 'gateway.started', body: { version: '0.1.0', policy: VERSION } },
  { type: 'policy.loaded', body: { policy: VERSION } },
  { type: 'policy.rejected', body: { problems: 2 } },
  {
    type: 'token.created',
    body: { token: 'tok-1', user: 'alice@example.com', agent: null, mayReview: false, proven: false, by: 'local-admin', expiresAt: 1_800_000_000_000 },
  },
  { type: 'token.revoked', body: { token: 'tok-1', user: 'alice@example.com', by: 'root@example.com' } },
  {
    type: 'login.started',
    body: { login: 'login-1', principal: 'alice@example.com', method: 'oidc:corp', client: '10.0.0.7:51230', expiresAt: 1_790_600_000_000 },
  },
  { type: 'login.refused', body: { principal: 'alice@example.com', method: 'oidc:corp', client: '10.0.0.7:51231', why: 'disabled' } },
  { type: 'login.ended', body: { login: 'login-1', principal: 'alice@example.com', method: 'oidc:corp', by: 'alice@example.com', why: 'signed out' } },
  {
    type: 'person.changed',
    body: { user: 'alice@example.com', source: 'oidc:corp', by: 'oidc:corp', groups: ['dba'], admin: false, auditor: false, active: true },
  },
  { type: 'invite.created', body: { invite: 'inv-1', user: 'bob@example.com', by: 'root@example.com', expiresAt: 1_790_086_400_000 } },
  { type: 'invite.revoked', body: { invite: 'inv-2', user: 'bob@example.com', by: 'root@example.com' } },
  {
    type: 'passkey.enrolled',
    body: {
      passkey: 'pk-1',
      user: 'bob@example.com',
      key: 'QUJI',
      algorithm: 'ES256',
      credential: 'QUJJ',
      rpId: 'gateway.example.com',
      waits: true,
      by: 'root@example.com',
      invite: 'inv-1',
    },
    secret: { name: 'telephone' },
  },
  { type: 'passkey.reviewed', body: { passkey: 'pk-1', user: 'bob@example.com', approve: true, counts: true, by: 'carol@example.com' } },
  { type: 'passkey.removed', body: { passkey: 'pk-2', user: 'bob@example.com', waits: false, by: 'bob@example.com' } },
  { type: 'passkey.refused', body: { passkey: 'pk-1', user: 'bob@example.com', why: 'counter', known: 7 } },
  { type: 'device.confirmed', body: { device: 'dev-1', by: 'alice@example.com' } },
  { type: 'device.refused', body: { device: 'dev-2', by: 'alice@example.com' } },
  { type: 'session.refused', body: { ...PLACE, client: '10.0.0.7:51234', code: 'denied' } },
  {
    type: 'grant.issued',
    body: {
      grant: 'grant-own',
      request: null,
      session: 'ses-1',
      subject: 'alice@example.com',
      resource: 'orders-db',
      coverage: 'scope',
      scope: 'connect',
      approvers: [],
      endsAt: 1_790_000_900_000,
      uses: 1,
    },
  },
  {
    type: 'session.started',
    body: {
      ...PLACE,
      session: 'ses-1',
      database: 'orders',
      grant: 'grant-own',
      request: null,
      client: '10.0.0.7:51234',
      token: 'tok-1',
      policies: ['reads'],
      policy: VERSION,
      mode: 'enforce',
      endsAt: 1_790_000_900_000,
    },
    secret: { reason: 'INC-7', ticket: null },
  },
  { type: 'lease.made', body: { lease: 'lease-1', kind: 'postgres role', resource: 'orders-db', account: 'cs_alice_1', session: 'ses-1', endsAt: 1 } },
  {
    type: 'request.opened',
    body: {
      request: 'req-1',
      requester: 'alice@example.com',
      resource: 'orders-db',
      action: 'sql:write',
      statements: 1,
      needs: '1 of dba',
      policies: ['writes'],
      session: 'ses-1',
      expiresAt: 1,
    },
    secret: { text: 'DELETE FROM orders WHERE id = 7', reason: 'INC-7' },
  },
  {
    type: 'action.decided',
    body: { session: 'ses-1', effect: 'review', request: 'req-1', attached: false, ...PLACE, action: 'sql:write', policy: VERSION, policies: ['writes'] },
    secret: { digest: 'd' },
  },
  {
    type: 'request.reviewed',
    body: {
      request: 'req-1',
      reviewer: 'bob@example.com',
      groups: ['dba'],
      verdict: 'approve',
      proven: true,
      token: 'tok-2',
      completes: true,
      grant: 'grant-1',
    },
    secret: { comment: 'matches INC-7' },
  },
  { type: 'request.approved', body: { request: 'req-1', resource: 'orders-db', policies: ['writes'] } },
  { type: 'request.denied', body: { request: 'req-1', resource: 'orders-db', policies: ['writes'] } },
  { type: 'request.withdrawn', body: { request: 'req-1', resource: 'orders-db', policies: ['writes'] } },
  { type: 'request.expired', body: { request: 'req-1', resource: 'orders-db', policies: ['writes'] } },
  { type: 'grant.used', body: { grant: 'grant-1', request: 'req-1', usesLeft: 0 } },
  { type: 'rights.granted', body: { session: 'ses-1', run: 'ses-1.1', roles: ['app_write'] } },
  {
    type: 'action.started',
    body: {
      ...PLACE,
      session: 'ses-1',
      run: 'ses-1.1',
      action: 'sql:write',
      policy: VERSION,
      policies: ['writes'],
      grants: ['grant-1'],
      requests: ['req-1'],
    },
    secret: { text: 'DELETE FROM orders WHERE id = 7' },
  },
  { type: 'action.finished', body: { result: 'done', rows: 1, run: 'ses-1.1', session: 'ses-1', summary: 'DELETE 1' } },
  { type: 'rights.revoked', body: { session: 'ses-1', run: 'ses-1.1', roles: ['app_write'] } },
  { type: 'grant.ended', body: { grant: 'grant-1', request: 'req-1', status: 'used', by: null }, secret: { reason: null } },
  { type: 'session.killed', body: { session: 'ses-1', by: 'root@example.com', at: 1 }, secret: { reason: 'lunch' } },
  { type: 'session.ended', body: { session: 'ses-1', reason: 'killed' } },
  { type: 'session.lost', body: { session: 'ses-2', gateway: 'gw-0000000002' } },
  { type: 'lease.removed', body: { lease: 'lease-1', resource: 'orders-db', account: 'cs_alice_1', session: 'ses-1', attempts: 1 } },
  { type: 'erasure.asked', body: { erasure: 'er-1', by: 'root@example.com' } },
  { type: 'person.erased', body: { erasure: 'er-1', keys: ['gw-0000000001-p-1'] } },
  { type: 'session.watched', body: { session: 'ses-1', by: 'root@example.com' } },
  { type: 'recording.finished', body: { session: 'ses-1', sha256: 'c'.repeat(64), bytes: 1_200, statements: 3 } },
  { type: 'recording.searched', body: { by: 'root@example.com' } },
  { type: 'recording.read', body: { session: 'ses-1', by: 'root@example.com', sha256: 'c'.repeat(64) } },
  { type: 'recording.deleted', body: { session: 'ses-1', sha256: 'c'.repeat(64), why: 'retention' } },
  { type: 'gateway.stopped', body: { version: '0.1.0' } },
])

function byType(samples: readonly Sample[]): Readonly<Record<EventType, Sample>> {
  return Object.fromEntries(samples.map((sample) => [sample.type, sample])) as Record<EventType, Sample>
}

export const START = 1_790_000_000_000

/** The leaves of one gateway's chain with these events, a second apart; texts are sealed with `key`. */
export function leavesOf(samples: readonly Sample[], { gateway = 'gw-0000000001', key = null as DataKey | null, at = START } = {}): readonly Leaf[] {
  const leaves: Leaf[] = []
  for (const { type, body, secret } of samples) {
    const seq = leaves.length + 1
    const previous = leaves.at(-1)
    const parts = secret && key ? seal(secret, { gateway, seq }, key) : {}
    const entry: Entry = { v: 1, gateway, seq, prev: previous ? hashEntry(previous.line) : NO_PREVIOUS, at: at + seq * 1000, type, body, ...parts }
    leaves.push({ index: leaves.length, gateway, seq, line: encodeEntry(entry) })
  }
  return leaves
}

/** Several events in one entry, as the journal makes them. */
export function grouped(samples: readonly Sample[]): Sample {
  return { type: 'actions', body: { events: samples.map(({ type, body }) => ({ type, body })) } }
}
