import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Where things are in a data directory: `gateway-id`, `journal/<gateway>-000001.jsonl`, `keys/<gateway>-000001.key`. */
export interface Segment {
  readonly gateway: string
  /** From 1. */
  readonly number: number
}

export const segmentName = ({ gateway, number }: Segment): string => `${gateway}-${String(number).padStart(6, '0')}`

export const segmentPath = (directory: string, segment: Segment): string => join(directory, 'journal', `${segmentName(segment)}.jsonl`)

export const keyPath = (directory: string, id: string): string => join(directory, 'keys', `${id}.key`)

/** Makes what is not there yet. Nobody else on the host may read it. */
export function makeDirectories(directory: string): void {
  for (const path of [directory, join(directory, 'journal'), join(directory, 'keys')]) {
    if (mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined) syncDirectory(dirname(path))
  }
}

/** The gateway's id, made at its first start. Its journal is a chain under this name, so it must not change. */
export function gatewayId(directory: string): string {
  const path = join(directory, 'gateway-id')
  if (existsSync(path)) return readFileSync(path, 'utf8').trim()
  const id = `gw-${randomBytes(5).toString('hex')}`
  writeDurably(path, `${id}\n`)
  return id
}

/** A protocol worker keeps a chain of its own, named after its gateway's. */
export const workerId = (gateway: string, worker: number): string => `${gateway}-w${worker}`

/** The gateway of a worker; of a gateway itself, its own id. */
export const gatewayOf = (id: string): string => id.replace(/-w\d+$/, '')

/** The workers of this gateway that have a journal here, running or not. */
export function workersIn(directory: string, gateway: string): readonly number[] {
  const numbers = readdirSync(join(directory, 'journal')).map((name) => {
    const match = /^(.+)-w(\d+)-\d{6,}\.jsonl$/.exec(name)
    return match?.[1] === gateway ? Number(match[2]) : null
  })
  return [...new Set(numbers.filter((number) => number !== null))].sort((a, b) => a - b)
}

/** A gateway's segments, oldest first. */
export function listSegments(directory: string, gateway: string): readonly Segment[] {
  return readdirSync(join(directory, 'journal'))
    .map((name) => /^(.+)-(\d{6,})\.jsonl$/.exec(name))
    .filter((match) => match?.[1] === gateway)
    .map((match) => ({ gateway, number: Number(match?.[2]) }))
    .sort((a, b) => a.number - b.number)
}

/** Whole, or not there: a crash leaves no half file under this name. It and its name are on disk when this returns. */
export function writeDurably(path: string, content: string): void {
  writeFileSync(`${path}.new`, content, { mode: 0o600, flush: true })
  renameSync(`${path}.new`, path)
  syncDirectory(dirname(path))
}

/** A new or removed name is only durable once its folder is synced. */
export function syncDirectory(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
