import { existsSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Client } from '@countersign/contract/client'
import type { LedgerHead } from '@countersign/contract/schemas/ledger'
import { visible } from '@countersign/contract/visible'
import type { SignedHead } from '@countersign/ledger/gateway-key'
import type { DataKey } from '@countersign/ledger/seal'
import { Unopened } from '@countersign/ledger/unopened'
import { type Verified, verifyChain } from '@countersign/ledger/verify'
import { define, perform } from '../command.ts'
import { withClient } from '../connection.ts'
import { CliError, EXIT } from '../error.ts'
import { byGateway, type JournalFiles, journalsIn, JournalLines, keysIn } from '../journal-files.ts'
import type { Output } from '../output.ts'
import { type CheckedRecordings, checkRecordings } from '../recordings-check.ts'
import { isStaticLog } from '../static-log.ts'
import { readVerifyConfig } from '../verify-config.ts'
import { presentedStored, type Stored, tellStored, verifyStored } from '../verify-data.ts'
import { isReceipt, type ProofOptions, verifyDirectory, verifyReceiptFile } from '../verify-proofs.ts'
import { waiting } from '../waiting.ts'

/** What verifying one gateway's chain gave. `place` is where the first bad entry is, `file:line` where there is a file. */
interface Chain extends Verified {
  readonly gateway: string
  readonly place: string | null
}

interface Options extends ProofOptions {
  readonly data?: string
  readonly recordings?: string
  readonly config?: string
}

const EXAMPLES = [
  'countersign ledger verify --data ./countersign-data',
  'countersign ledger verify --data ./countersign-data --config countersign.yaml',
  'countersign ledger verify backup/journal/gw-1f0c22aa31-000001.jsonl',
  'countersign ledger verify --data ./countersign-data --recordings ./recordings',
  'countersign ledger verify ./ledger-files --key "$LEDGER_KEY" --remember last-checkpoint',
  'countersign ledger verify receipt.json',
]

const PAGE = 1000
const SETTLE_MS = 500

/** Recomputes the hash chain of every gateway. Exit code 1 names the first entry that is not as it was written. */
export function addLedgerVerify(ledger: Command): void {
  define(ledger, 'verify [paths...]', 'Verify a ledger, a directory of exported files or a receipt, and name what was altered, removed or moved', EXAMPLES)
    .option('--data <dir>', "a gateway's data directory: reads its journal, and needs no gateway (default: asks the gateway for the entries)")
    .option('--key <vkey>', 'the key that you trust, for exported files and receipts (default: the first that they name themselves)')
    .option('--remember <file>', 'keep the last good checkpoint in this file, and find a ledger that was cut or forked since')
    .option('--config <file>', 'the configuration of --data: says where its store and its recordings are')
    .option('--recordings <dir>', 'the folder of its recordings, each of which is held against its digest in the ledger; with --data or files')
    .action(
      perform(async (out, paths: readonly string[], { data, recordings: named, config, ...options }: Options) => {
        const proofs = await verifyProofs(out, paths, options)
        const files = paths.filter((path) => !isProof(path))
        const configured = config === undefined ? null : readVerifyConfig(config)
        const folder = named ?? configured?.recordings ?? null
        const recordings = folder === null ? null : await checkRecordings(folder, journalsOf(files, data))
        if (proofs !== null && files.length === 0 && data === undefined) return proofs ? EXIT.ok : EXIT.failed
        const stored = files.length === 0 && data !== undefined ? await verifyStored(data, configured?.store ?? null, gatewaysOf(data), options) : null
        const chains = files.length > 0 || data !== undefined ? await verifyFiles(files, data, stored) : await withClient({}, verifyRemote)
        const told = toldTogether(chains)
        const ok = told.every(({ bad }) => bad === null) && proofs !== false && (stored?.tree?.ok ?? true) && (recordings?.bad ?? []).length === 0
        if (out.json) out.data({ ok, chains: told, ...(stored && { tree: presentedStored(stored) }), ...(recordings && { recordings }) })
        else told.forEach((chain) => tell(out, chain))
        if (stored && data !== undefined && !out.json) tellStored(out, data, stored, options)
        if (recordings && !out.json) tellRecordings(out, recordings)
        return ok ? EXIT.ok : EXIT.failed
      }),
    )
}

const gatewaysOf = (data: string): readonly string[] => journalsIn(data).map(({ gateway }) => gateway)

const isProof = (path: string): boolean => existsSync(path) && (isStaticLog(path) || (statSync(path).isFile() && isReceipt(path)))

/** Exported files and receipts among the paths: whether all are good, null when there are none. */
async function verifyProofs(out: Output, paths: readonly string[], options: ProofOptions): Promise<boolean | null> {
  let ok: boolean | null = null
  for (const path of paths.filter(isProof)) {
    const good = isStaticLog(path) ? await verifyDirectory(out, path, options) : verifyReceiptFile(out, path, options)
    ok = (ok ?? true) && good
  }
  return ok
}

/** What one chain says was erased may be sealed in another. */
function toldTogether(chains: readonly Chain[]): readonly Told[] {
  const said = Unopened.of(chains.map(({ sealed }) => sealed))
  return chains.map(({ sealed, ...chain }) => ({ ...chain, unopened: sealed.left(said), erased: sealed.erased(said) }))
}

type Told = Omit<Chain, 'sealed'>

async function verifyFiles(files: readonly string[], data: string | undefined, stored: Stored | null): Promise<readonly Chain[]> {
  const keys = data === undefined ? new Map<string, DataKey>() : keysIn(data)
  const chains: Chain[] = []
  for (const journal of journalsOf(files, data)) chains.push(await verifyJournal(journal, { keys, expect: stored?.heads.get(journal.gateway) }))
  return chains
}

function journalsOf(files: readonly string[], data: string | undefined): readonly JournalFiles[] {
  if (files.length > 0) return byGateway(files)
  if (data !== undefined) return journalsIn(data)
  throw new CliError('usage', '--recordings needs the journal that tells of them', 'add --data DIR, or name the files of the journal')
}

/** What is known of a chain beside its journal: the keys that open it, and how far its gateway signed it. */
interface KnownOf {
  readonly keys: ReadonlyMap<string, DataKey>
  readonly expect: SignedHead | undefined
}

/** A last line that is cut off is read once more: a gateway may have been writing that very line. */
async function verifyJournal(journal: JournalFiles, known: KnownOf): Promise<Chain> {
  const chain = await readJournal(journal, known)
  if (chain.bad?.why !== 'torn') return chain
  await sleep(SETTLE_MS)
  return readJournal(journal, known)
}

async function readJournal({ gateway, files, partial }: JournalFiles, { keys, expect }: KnownOf): Promise<Chain> {
  const lines = new JournalLines(files)
  const verified = await watched(gateway, () => lines.count, verifyChain(lines, { keys, partial, ...(expect && { expect }) }))
  return { gateway, ...verified, place: verified.bad && lines.locate(verified.bad.line) }
}

async function verifyRemote(client: Client): Promise<readonly Chain[]> {
  const chains: Chain[] = []
  for (const head of await client.ledgerHeads()) chains.push(await verifyHead(client, head))
  return chains
}

/** The gateway's word is not taken: its entries are verified here, and must reach as far as it says. */
async function verifyHead(client: Client, { gateway, seq }: LedgerHead): Promise<Chain> {
  let read = 0
  async function* lines(): AsyncGenerator<string> {
    for (let from = 1; from <= seq;) {
      const page = await client.ledger({ gateway, from, limit: PAGE })
      const last = page.at(-1)
      if (!last || last.seq < from) return
      for (const { line } of page) {
        read += 1
        yield line
      }
      from = last.seq + 1
    }
  }
  const verified = await watched(gateway, () => read, verifyChain(lines()))
  const reached = verified.head?.seq ?? 0
  const short = {
    gateway,
    seq: reached + 1,
    line: read + 1,
    why: 'gap',
    message: `the chain ends before entry ${reached + 1}, and the gateway says that it has ${seq}`,
  } as const
  const bad = verified.bad ?? (reached < seq ? short : null)
  return { gateway, ...verified, bad, place: null }
}

/** Long ledgers show on stderr how far they are. */
async function watched<T>(gateway: string, count: () => number, work: Promise<T>): Promise<T> {
  const shown: { current: ReturnType<typeof waiting> | null } = { current: null }
  const timer = setInterval(() => {
    const text = `verifying ${gateway}: ${count()} entries`
    if (shown.current) shown.current.say(text)
    else shown.current = waiting(text)
  }, 2000)
  try {
    return await work
  } finally {
    clearInterval(timer)
    shown.current?.stop()
  }
}

function tell(out: Output, { gateway, entries, head, bad, unopened, erased, warnings, place }: Told): void {
  const closed = unopened === 0 ? '' : `, ${unopened} sealed texts not opened for want of their key`
  const sealed = erased === 0 ? closed : `${closed}, ${erased} erased with the keys of their people`
  for (const { message } of warnings) out.note(`warning: ${gateway}: ${message}`)
  if (!bad) return out.line(visible(`${gateway}: ${entries} entries verified${sealed}, head ${head?.hash.slice(0, 16) ?? 'none'}`))
  out.line(out.colors.red(visible(`${gateway}: entry ${bad.seq} is bad (${bad.why}): ${bad.message}`)))
  out.line(visible(`  ${place ?? `gateway ${gateway}, entry ${bad.seq}`}; the ${entries} entries before it are good${sealed}`))
}

function tellRecordings(out: Output, { folder, good, bad, unknown }: CheckedRecordings): void {
  if (unknown.length > 0) out.note(`warning: ${folder}: these journals do not tell of ${unknown.length} recordings there: ${unknown.slice(0, 5).join(', ')}`)
  out.line(visible(`${folder}: ${good} recordings are what the ledger says`))
  for (const { session, why, message } of bad) out.line(out.colors.red(visible(`${folder}: the recording of ${session} is bad (${why}): ${message}`)))
}
