import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { routes } from '@countersign/contract/routes'
import { ledgerFileRoutes } from '@countersign/contract/streams'
import { type Caller, seesAll } from '../../identity/caller.ts'
import { treeFile } from '../../ledger/files.ts'
import { headsFile } from '../../ledger/heads-file.ts'
import { trustOf } from '../../ledger/vouching.ts'
import { WorkflowError } from '../../workflow/workflow.ts'
import type { App } from '../env.ts'
import type { ApiServices } from '../services.ts'

const PAGE = 1_000
const PREFIX = '/api/v1/ledger/'

/** Entries as they were hashed: an auditor verifies them without this gateway. */
export function mountLedger(app: App, services: ApiServices): void {
  const { store, gateway } = services
  app.openapi(routes.ledger, async (c) => {
    assertAuditor(c.get('caller'))
    const { gateway: of, from, limit } = c.req.valid('query')
    const entries = await store.ledger.read(of ?? gateway.id, from ?? 0, limit ?? PAGE)
    return c.json(
      entries.map(({ gateway, seq, line }) => ({ gateway, seq, line })),
      200,
    )
  })

  app.openapi(routes.ledgerHeads, async (c) => {
    assertAuditor(c.get('caller'))
    const heads = await store.ledger.heads()
    return c.json(
      heads.map(({ gateway, seq }) => ({ gateway, seq })),
      200,
    )
  })

  app.openapi(routes.ledgerKeys, async (c) => {
    assertAuditor(c.get('caller'))
    return c.json([...(await trustOf(store.tree)).list()], 200)
  })

  app.openapi(routes.vouch, async (c) => {
    const caller = c.get('caller')
    if (!caller.admin) throw new WorkflowError('forbidden', "a gateway's key is vouched for by admins")
    return c.json(await services.vouch(caller, c.req.valid('json')), 200)
  })

  app.openapi(routes.rotateSigningKey, async (c) => {
    if (!c.get('caller').admin) throw new WorkflowError('forbidden', "a gateway's signing key is rotated by admins")
    return c.json(await services.rotateSigningKey(), 200)
  })
}

/** The tree as C2SP tlog-tiles serves it. What is under `tile/` never changes, but only who asks with a token may keep it. */
export function mountLedgerFiles(app: App, { store }: ApiServices): void {
  for (const route of Object.values(ledgerFileRoutes)) app.openAPIRegistry.registerPath(route)

  app.get(ledgerFileRoutes.checkpoint.path, async (c) => {
    const checkpoint = await store.tree.checkpoint()
    if (!checkpoint) throw new WorkflowError('not-found', 'no checkpoint of the ledger has been signed yet; one is within seconds of its first entries')
    return c.body(checkpoint.note, 200, { 'content-type': 'text/plain; charset=utf-8' })
  })

  app.get(ledgerFileRoutes.signedHeads.path, async (c) => {
    assertAuditor(c.get('caller'))
    return c.body(await headsFile(store.tree, store.ledger), 200, { 'content-type': 'application/jsonl; charset=utf-8' })
  })

  app.get(`${PREFIX}tile/*`, async (c) => {
    assertAuditor(c.get('caller'))
    const file = await treeFile(store.tree, c.req.path.slice(PREFIX.length))
    if (file === 'not-found') throw new WorkflowError('not-found', 'the tree has no such tile, or no checkpoint covers it yet')
    if (file === 'too-long')
      throw new WorkflowError(
        'not-found',
        'an entry in this bundle is longer than the 65,535 bytes that tlog-tiles allows; the same path under tile/lines/ has it, one entry a line',
      )
    const headers = { 'content-type': typeOf(file.kind), 'cache-control': 'private, max-age=31536000, immutable' }
    // tlog-tiles asks for bundles to be compressed. Tiles are hashes, which no compression makes smaller.
    if (file.kind === 'tile') return c.body(Uint8Array.from(file.bytes), 200, headers)
    if (!takesGzip(c.req.header('accept-encoding'))) return c.body(Uint8Array.from(file.bytes), 200, { ...headers, vary: 'accept-encoding' })
    return c.body(Uint8Array.from(await compress(file.bytes)), 200, { ...headers, vary: 'accept-encoding', 'content-encoding': 'gzip' })
  })
}

const typeOf = (kind: 'tile' | 'bundle' | 'lines') => (kind === 'lines' ? 'application/jsonl; charset=utf-8' : 'application/octet-stream')

/** By a thread of Node's pool. Bundles compress to a third: their entries are alike, but for what is sealed in them. */
const compress = promisify(gzip)

/** Named without a weight of zero, RFC 9110 section 12.5.3. Whoever names nothing, as `*` does, is given the bytes as they are. */
const takesGzip = (accepted = ''): boolean =>
  accepted
    .toLowerCase()
    .split(',')
    .map((each) => each.split(';').map((part) => part.trim()))
    .some(([coding, ...parameters]) => coding === 'gzip' && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter)))

function assertAuditor(caller: Caller): void {
  if (!seesAll(caller)) throw new WorkflowError('forbidden', 'the ledger is for admins and auditors')
}
