import { z } from 'zod'
import { grantShape, leaseShape, personShape, requestShape, sessionShape, sourceShape, tokenRecordShape } from '../shapes.ts'
import { CHANGED_KINDS, type StoreEvent, type WorkerStore } from '../store.ts'

/** The parts of the store, whose methods another process may call. */
export type SubStores = { readonly [S in keyof WorkerStore as WorkerStore[S] extends (...args: never[]) => unknown ? never : S]: WorkerStore[S] }

/** One method: what may be asked, and what may be answered. */
export interface Call<F extends (...args: never[]) => Promise<unknown>> {
  readonly args: z.ZodType<Parameters<F>>
  readonly result: z.ZodType<Awaited<ReturnType<F>>>
}

type CallsOf<S> = { readonly [M in keyof S]: S[M] extends (...args: never[]) => Promise<unknown> ? Call<S[M]> : never }

const id = z.tuple([z.string()])
const now = z.tuple([z.int()])
const limit = z.int().optional()
const name = z.string().optional()
const nothing = z.void()
const status = z.enum(['pending', 'approved', 'denied', 'withdrawn', 'expired']).optional()
const entries = z.array(z.strictObject({ gateway: z.string(), seq: z.int(), line: z.string() }))
const signedHead = z.strictObject({ gateway: z.string(), seq: z.int(), hash: z.string(), key: z.string(), signature: z.string() })
const owedRecords = z.array(z.strictObject({ id: z.string(), gateway: z.string(), person: z.string().nullable(), erased: z.boolean(), sealed: z.string() }))
const owed = owedRecords.optional()
const runs = z.array(
  z.strictObject({
    request: z.string(),
    run: z.string(),
    gateway: z.string(),
    at: z.int(),
    started: z.int(),
    outcome: z.int().nullable(),
    isOver: z.boolean(),
  }),
)

/** Every method of every part, as it crosses from one process to another in JSON: a method without its shapes does not compile. */
export const CALLS: { readonly [S in keyof SubStores]: CallsOf<SubStores[S]> } = {
  requests: {
    open: { args: z.tuple([requestShape, owed]), result: z.strictObject({ request: requestShape, attached: z.boolean(), isOver: z.boolean() }) },
    get: { args: id, result: requestShape.nullable() },
    list: {
      args: z.tuple([
        z.strictObject({
          status,
          since: limit,
          user: name,
          reviewer: name,
          groups: z.array(z.string()).optional(),
          resource: name,
          likeness: name,
          session: name,
          before: z.strictObject({ createdAt: z.number(), id: z.string() }).optional(),
          limit,
        }),
      ]),
      result: z.array(requestShape),
    },
    pending: { args: z.tuple([]), result: z.array(z.string()) },
    due: { args: now, result: z.array(requestShape) },
    save: { args: z.tuple([requestShape, grantShape.nullish(), owed]), result: z.boolean() },
  },
  grants: {
    insert: { args: z.tuple([grantShape]), result: nothing },
    get: { args: id, result: grantShape.nullable() },
    list: {
      args: z.tuple([
        z.strictObject({
          user: name,
          agent: z.string().nullish(),
          resource: name,
          groups: z.array(z.string()).optional(),
          asked: z.boolean().optional(),
          live: z.boolean().optional(),
          before: z.strictObject({ startsAt: z.number(), id: z.string() }).optional(),
          limit,
        }),
      ]),
      result: z.array(grantShape),
    },
    due: { args: now, result: z.array(grantShape) },
    save: { args: z.tuple([grantShape, owed]), result: z.boolean() },
    saveAll: { args: z.tuple([z.array(grantShape), owed]), result: z.boolean() },
  },
  sessions: {
    insert: { args: z.tuple([sessionShape, grantShape.nullish()]), result: nothing },
    get: { args: id, result: sessionShape.nullable() },
    list: {
      args: z.tuple([
        z.strictObject({
          live: z.boolean().optional(),
          user: name,
          gateway: name,
          grant: name,
          before: z.strictObject({ startedAt: z.number(), id: z.string() }).optional(),
          limit,
        }),
      ]),
      result: z.array(sessionShape),
    },
    save: { args: z.tuple([sessionShape, owed]), result: z.boolean() },
    end: { args: z.tuple([sessionShape, grantShape.nullable()]), result: z.strictObject({ session: z.boolean(), grant: z.boolean() }) },
  },
  tokens: {
    insert: { args: z.tuple([tokenRecordShape]), result: nothing },
    findByHash: { args: id, result: tokenRecordShape.nullable() },
    get: { args: id, result: tokenRecordShape.nullable() },
    list: { args: z.tuple([z.strictObject({ user: name, live: z.boolean().optional() })]), result: z.array(tokenRecordShape) },
    revoke: { args: z.tuple([z.string(), z.int(), owed]), result: z.boolean() },
    revokeAll: { args: z.tuple([z.string(), z.int()]), result: z.array(z.string()) },
    used: { args: z.tuple([z.string(), z.int(), z.int()]), result: nothing },
  },
  people: {
    insert: { args: z.tuple([personShape]), result: z.boolean() },
    get: { args: id, result: personShape.nullable() },
    list: { args: z.tuple([z.strictObject({ name, source: sourceShape.optional(), externalId: name })]), result: z.array(personShape) },
    save: { args: z.tuple([personShape]), result: z.boolean() },
    remove: { args: id, result: nothing },
  },
  leases: {
    insert: { args: z.tuple([leaseShape]), result: nothing },
    get: { args: id, result: leaseShape.nullable() },
    list: { args: z.tuple([z.strictObject({ open: z.boolean().optional(), gateway: name, limit })]), result: z.array(leaseShape) },
    save: { args: z.tuple([leaseShape]), result: z.boolean() },
  },
  gateways: {
    beat: { args: z.tuple([z.string(), z.int(), z.string().nullable()]), result: nothing },
    list: { args: z.tuple([]), result: z.array(z.strictObject({ id: z.string(), seenAt: z.int(), url: z.string().nullable() })) },
  },
  owed: {
    of: { args: id, result: owedRecords },
    settle: { args: z.tuple([z.array(z.string())]), result: nothing },
  },
  ledger: {
    append: { args: z.tuple([entries, signedHead.nullish(), runs.optional()]), result: nothing },
    read: { args: z.tuple([z.string(), z.int(), z.int()]), result: entries },
    heads: { args: z.tuple([]), result: z.array(z.strictObject({ gateway: z.string(), seq: z.int() })) },
    running: { args: id, result: runs },
    signedHeads: { args: z.tuple([z.string(), z.int(), z.int()]), result: z.array(signedHead) },
  },
}

export const eventShape: z.ZodType<StoreEvent> = z.union([
  z.strictObject({ kind: z.enum(CHANGED_KINDS), id: z.string(), inserted: z.literal(true).optional() }),
  z.strictObject({ kind: z.literal('resync') }),
])
