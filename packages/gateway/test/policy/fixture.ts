import { type ActionType, type Facts, NO_FACTS } from '@countersign/core/action'
import type { Principal } from '@countersign/core/principal'
import type { Config, Resource, UserConfig } from '../../src/config/config.ts'
import { createEngine } from '../../src/policy/cedar.ts'
import type { PolicyEngine, Question } from '../../src/policy/engine.ts'

export const ALICE: Principal = { user: 'alice@example.com', agent: null, groups: ['engineering'] }
export const CLAUDE: Principal = { ...ALICE, agent: 'claude' }

function resource(name: string, labels: Readonly<Record<string, string>>): Resource {
  return {
    name,
    protocol: 'postgres',
    host: '127.0.0.1',
    port: 5432,
    database: name,
    credential: { username: 'app', password: null },
    tls: { mode: 'disable', ca: null, cert: null, key: null },
    labels,
    mode: 'enforce',
    onHold: 'wait',
    durability: 'process',
    functions: { trusted: [], extensions: [] },
    catalog: { maxAgeMs: 1_000 },
    accounts: { mode: 'shared' },
    impact: { maxCost: 25_000 },
    recording: { parameters: 'withhold' },
  }
}

export const aUser = (over: Partial<UserConfig> = {}): UserConfig => ({ groups: [], admin: false, auditor: false, name: null, email: null, ...over })

/** Two people, three groups, a production and an unlabelled resource. */
export const CONFIG: Config = {
  file: '/etc/countersign.yaml',
  url: 'http://127.0.0.1:7070',
  listen: { http: { host: '127.0.0.1', port: 0 }, postgres: { host: '127.0.0.1', port: 0 } },
  store: { kind: 'sqlite' },
  data: '/nowhere',
  tls: null,
  users: { 'alice@example.com': aUser({ groups: ['engineering'] }), 'bob@example.com': aUser({ groups: ['dba'], admin: true }) },
  identity: { oidc: [], firstAdmin: null, refreshMs: 300_000, scim: null },
  groups: ['security'],
  labels: ['team'],
  resources: { orders: resource('orders', { env: 'production' }), scratch: resource('scratch', {}) },
  hold: { connectMs: 20_000, inTransactionMs: 60_000, reminderMs: 30_000 },
  session: { maxMs: 28_800_000, idleMs: null, auth: 'scram' },
  login: { idleMs: 43_200_000, maxMs: 604_800_000 },
  policies: '/etc/policies',
  exports: [],
  recordings: null,
  workers: 1,
  witnesses: [],
  notify: { email: null, webhooks: [], push: null, repeat: { everyMs: 600_000, times: 3 } },
}

export function engineOf(...policies: readonly string[]): PolicyEngine {
  return createEngine(CONFIG, [{ file: '/etc/policies/a.cedar', text: policies.join('\n') }])
}

export function ask(type: ActionType, facts: Partial<Facts> = {}, principal: Principal = ALICE, resource = 'orders'): Question {
  return { principal, scope: null, resource, type, facts: { ...NO_FACTS, ...facts } }
}
