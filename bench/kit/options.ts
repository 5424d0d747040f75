import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type SideName, SIDES } from './side.ts'

/** How much of each thing a run measures. Times in seconds, sizes as said. */
export interface Sizes {
  readonly rounds: number
  readonly seconds: number
  readonly clients: readonly number[]
  /** pgbench's own: 100,000 accounts each. */
  readonly scale: number
  readonly copyMib: number
  readonly rows: number
  readonly idle: number
  readonly held: number
  readonly policies: number
  readonly cuts: number
  /** Of a ledger that is verified; at most 200,000 of them are appended. */
  readonly entries: number
}

/** Whether everything works at all: what CI runs. */
const TINY: Sizes = { rounds: 1, seconds: 0.2, clients: [2], scale: 1, copyMib: 4, rows: 10_000, idle: 10, held: 4, policies: 50, cuts: 3, entries: 2_000 }
/** A few minutes. */
const QUICK: Sizes = {
  rounds: 3,
  seconds: 2,
  clients: [1, 8],
  scale: 5,
  copyMib: 256,
  rows: 1_000_000,
  idle: 500,
  held: 200,
  policies: 10_000,
  cuts: 50,
  entries: 500_000,
}
/** What the bars are about. */
const FULL: Sizes = {
  rounds: 5,
  seconds: 3,
  clients: [1, 8, 32],
  scale: 5,
  copyMib: 2048,
  rows: 10_000_000,
  idle: 5_000,
  held: 10_000,
  policies: 10_000,
  cuts: 300,
  entries: 10_000_000,
}

const SIZES = { tiny: TINY, quick: QUICK, full: FULL } as const

export interface Options<Name extends string> {
  readonly sizes: Sizes
  readonly size: string
  readonly only: readonly Name[]
  readonly ways: readonly SideName[]
  readonly out: string
}

/** Reads the command line. Every size of `--size` may be said by itself: `--rounds 7`, `--clients 1,8,64`, `--copyMib 100`. Throws with what is wrong. */
export function readOptions<Name extends string>(measures: readonly Name[], args = process.argv.slice(2)): Options<Name> {
  const said = Object.fromEntries(Object.keys(QUICK).map((name) => [name, { type: 'string' as const }]))
  const { values } = parseArgs({
    args,
    options: {
      ...said,
      size: { type: 'string', default: 'quick' },
      only: { type: 'string', default: measures.join(',') },
      ways: { type: 'string', default: SIDES.join(',') },
      out: { type: 'string', default: join(import.meta.dirname, '../results') },
    },
  })
  const { size, only, ways, out } = values as Readonly<Record<string, string>>
  const [named = 'quick'] = among('--size', size, Object.keys(SIZES) as (keyof typeof SIZES)[])
  return {
    sizes: { ...SIZES[named], ...own(values) },
    size: named,
    only: among('--only', only, measures),
    ways: among('--ways', ways, SIDES),
    out: out ?? '',
  }
}

function among<Name extends string>(option: string, said: string | undefined, names: readonly Name[]): readonly Name[] {
  return (said ?? '').split(',').map((text) => {
    const name = names.find((each) => each === text)
    if (name === undefined) throw new Error(`${option} takes ${names.join(', ')}, and not ${text}`)
    return name
  })
}

function own(values: Readonly<Record<string, unknown>>): Partial<Sizes> {
  const sizes = Object.entries(values).filter(([name, value]) => Object.hasOwn(QUICK, name) && typeof value === 'string')
  return Object.fromEntries(sizes.map(([name, value]) => [name, name === 'clients' ? String(value).split(',').map(count) : count(String(value))]))
}

function count(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`a size is a number above 0, and not ${text}`)
  return value
}
