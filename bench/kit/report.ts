import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { median, type Ratio, ratio, type Samples } from './figures.ts'
import { SIDES, type SideName } from './side.ts'

/** What was measured is held against. `value` is what was got; a bar of a size that was not reached in this run is not met. */
export interface Bar {
  readonly text: string
  readonly value: Ratio | number
  readonly unit: string
  readonly met: boolean
}

/** One line of the table. */
export interface Row {
  readonly measure: string
  readonly load: string
  readonly unit: string
  readonly samples: Samples
  readonly bars: readonly Bar[]
  /** Belongs to the row above it, and stays out of the summary. */
  readonly detail?: true
}

/** What one measure brought, and what should be known of how it was taken. */
export interface Report {
  readonly rows: readonly Row[]
  readonly about: readonly string[]
}

/** A bar that is a ratio to another side, at least `least`. */
export function against(samples: Samples, other: SideName, least: number): readonly Bar[] {
  const value = ratio(samples.gateway, samples[other])
  return value === null ? [] : [{ text: `≥ ${least} of ${NAMES[other]}`, value, unit: '', met: value.median >= least }]
}

/** A bar that is an absolute figure, at most `most`. */
export function atMost(value: Ratio | number, most: number, unit: string, what = ''): Bar {
  return { text: `${what}≤ ${shown(most)} ${unit}`, value, unit, met: (typeof value === 'number' ? value : value.median) <= most }
}

/** A bar that is an absolute figure, at least `least`. */
export function atLeast(value: number, least: number, unit: string): Bar {
  return { text: `≥ ${shown(least)} ${unit}`, value, unit, met: value >= least }
}

const NAMES: Readonly<Record<SideName, string>> = { direct: 'direct', pgbouncer: 'PgBouncer', haproxy: 'HAProxy', relay: 'bare relay', gateway: 'gateway' }

/** Writes NAME.md and NAME.json, and returns the Markdown. */
export function write(folder: string, name: string, title: string, { rows, about }: Report): string {
  const text = [`# ${title}`, '', ...table(rows), '', ...about.map((line) => `- ${line}`), ''].join('\n')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.md`), text)
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ title, about, rows }, null, 1)}\n`)
  return text
}

/** Puts the tables of every measure that has been written into one file, in this order: SUMMARY.md, without details. */
export function writeSummary(folder: string, names: readonly string[]): void {
  const reports = names.flatMap((name) => {
    const file = join(folder, `${name}.json`)
    return existsSync(file) ? [{ name, ...(JSON.parse(readFileSync(file, 'utf8')) as Report & { readonly title: string }) }] : []
  })
  const rows = reports.flatMap(({ rows }) => rows.filter(({ detail }) => !detail))
  const parts = reports.map(({ name, title, about }) => [`## ${title}: [${name}.md](${name}.md)`, '', ...about.map((line) => `- ${line}`), ''])
  writeFileSync(join(folder, 'SUMMARY.md'), ['# What it costs, and the bars', '', ...table(rows), '', ...parts.flat()].join('\n'))
  writeFileSync(join(folder, 'SUMMARY.json'), `${JSON.stringify({ rows }, null, 1)}\n`)
}

export function table(rows: readonly Row[]): readonly string[] {
  const head = ['measure', 'load', 'unit', ...SIDES.map((side) => NAMES[side]), 'got (least–most)', 'bar', 'met']
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map((row) => line(cells(row)))]
}

function cells({ measure, load, unit, samples, bars }: Row): readonly string[] {
  const figures = SIDES.map((side) => (samples[side] === undefined ? '' : shown(median(samples[side]))))
  const each = (of: (bar: Bar) => string) => bars.map(of).join('<br>')
  return [measure, load, unit, ...figures, each(got), each(({ text }) => text), each(({ met }) => (met ? 'yes' : '**no**'))]
}

function got({ value, unit }: Bar): string {
  const said = typeof value === 'number' ? shown(value) : `${shown(value.median)} (${shown(value.least)}–${shown(value.most)})`
  return unit === '' ? said : `${said} ${unit}`
}

/** Three digits that mean something, and no more. */
function shown(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  return size >= 1000 ? Math.round(value).toLocaleString('en') : size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(2)
}
