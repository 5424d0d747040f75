/** What stands in between, in the order of the table. */
export const SIDES = ['direct', 'pgbouncer', 'haproxy', 'relay', 'gateway'] as const
export type SideName = (typeof SIDES)[number]

/** A PostgreSQL, or what speaks for one. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
}

/** One way to the target. */
export interface Side {
  readonly name: SideName
  /** The process that stands in between; null when none does. */
  readonly pid: number | null
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  readonly stop: () => Promise<void>
}

/** On the target, whichever way leads there. */
export const DATABASE = 'postgres'
