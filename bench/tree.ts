/**
 * How fast entries of several gateways become the tree, on SQLite: `node bench/tree.ts [entries] [gateways]`. Writing them to the store is not measured.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Entry, encodeEntry, hashEntry, NO_PREVIOUS } from '@countersign/ledger/entry'
import { headText } from '@countersign/ledger/gateway-key'
import { Sequencer } from '../packages/gateway/src/ledger/sequencer.ts'
import { nameOf, type Signer, signerOf } from '../packages/gateway/src/ledger/signer.ts'
import { openLedger, openStore, openTree } from '../packages/gateway/src/store/open.ts'
import type { LedgerStore } from '../packages/gateway/src/store/store.ts'

const [count = 100_000, gateways = 2] = process.argv.slice(2).map(Number)
const BATCH = 500
/** As long as an entry of a statement of pgbench with its sealed text. */
const SEALED = { key: 'gw-0000000000-000001', nonce: 'A'.repeat(16), data: 'B'.repeat(600) }

const STARTED = { events: [{ body: { action: 'act-1' }, type: 'action.started' }] }

const data = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
const config = { store: { kind: 'sqlite' }, data } as const
const store = await openStore(config)
const apart = await openLedger(config)
for (let gateway = 1; gateway <= gateways; gateway++) await fill(apart, `gw-000000000${gateway}`, Math.floor(count / gateways))
const tree = await openTree(config)
const sequencer = new Sequencer(tree, { gateway: 'gw-0000000001', remembered: () => null })
const [began, processor] = [performance.now(), process.cpuUsage()]
let added = 0
for (let turn = await sequencer.turn(); turn.role === 'sequencer' && turn.added > 0; turn = await sequencer.turn()) added += turn.added
const seconds = (performance.now() - began) / 1000
const { user, system } = process.cpuUsage(processor)
process.stdout.write(
  `${added} entries of ${gateways} gateways: ${Math.round(added / seconds)} entries/s, ${((user + system) / added).toFixed(1)} µs of processor time each\n`,
)
await tree.close()
await apart.close()
await store.close()
rmSync(data, { recursive: true })

async function fill(ledger: LedgerStore, gateway: string, entries: number): Promise<void> {
  const signer = signerOf(generateKeyPairSync('ed25519').privateKey)
  let hash = NO_PREVIOUS
  for (let seq = 1; seq <= entries;) {
    const batch = []
    for (; batch.length < BATCH && seq <= entries; seq++) {
      const [type, body]: [string, Entry['body']] = seq === 1 ? ['gateway.enrolled', { key: nameOf(signer) }] : ['actions', STARTED]
      const line = encodeEntry({ v: 1, gateway, seq, prev: hash, at: seq, type, body, commitment: 'c'.repeat(64), sealed: SEALED })
      hash = hashEntry(line)
      batch.push({ gateway, seq, line })
    }
    await ledger.append(batch, signedHead(signer, { gateway, seq: seq - 1, hash }))
  }
}

function signedHead(signer: Signer, head: { readonly gateway: string; readonly seq: number; readonly hash: string }) {
  return { ...head, key: nameOf(signer), signature: Buffer.from(signer.sign(headText(head))).toString('base64') }
}
