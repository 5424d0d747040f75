import { type Command, InvalidArgumentError } from 'commander'
import { Duration, Scope } from '@countersign/contract/schemas/common'
import { TokenAction } from '@countersign/contract/schemas/token'

/** `--data` and `--config`, for every command that a local administrator may run. */
export function gatewayOptions(command: Command): Command {
  return command
    .option('--data <dir>', "act as local administrator of the gateway with this data directory, on the gateway's own host")
    .option('--config <file>', 'its configuration, needed when that gateway is not running (default: ./countersign.yaml, else beside --data)')
}

/** `90s`, `30m`, `8h`, `2d`, as the API takes it. */
export function parseDuration(text: string): string {
  const parsed = Duration.safeParse(text)
  if (parsed.success) return parsed.data
  throw new InvalidArgumentError('A duration is a number and a unit: 90s, 30m, 8h, 2d.')
}

export function parseScope(text: string): Scope {
  const parsed = Scope.safeParse(text)
  if (parsed.success) return parsed.data
  throw new InvalidArgumentError(`Choose one of ${Scope.options.join(', ')}.`)
}

export function parseTokenAction(text: string): TokenAction {
  const parsed = TokenAction.safeParse(text)
  if (parsed.success) return parsed.data
  throw new InvalidArgumentError(`Choose one of ${TokenAction.options.join(', ')}.`)
}

/** An option that may be said several times: every value of it, in order. */
export function collected<T>(parse: (text: string) => T): (text: string, before?: readonly T[]) => readonly T[] {
  return (text, before = []) => [...before, parse(text)]
}

export function parseUses(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('A number of uses is a whole number from 1 on: 1, 10, 500.')
}

export function parseUntil(text: string): string {
  return untilAfter(text, new Date())
}

/** `15:30` is the next time that it is half past three here; anything else is an ISO time with its zone. As the API has it. */
export function untilAfter(text: string, now: Date): string {
  const [, hours, minutes] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []
  if (hours !== undefined && minutes !== undefined) {
    const today = new Date(now.getFullYear(), now.getMonth(), now.getDate(), Number(hours), Number(minutes))
    const next = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, Number(hours), Number(minutes))
    return (today > now ? today : next).toISOString()
  }
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isFinite(time)) return new Date(time).toISOString()
  throw new InvalidArgumentError('A time is 15:30 (here, the next one) or 2026-11-25T15:30Z.')
}

/** A day (`2026-10-01`, its beginning in UTC) or a moment with its zone, as the API has it. */
export function parseMoment(text: string): string {
  const time = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isFinite(time)) return new Date(time).toISOString()
  throw new InvalidArgumentError('A time is 2026-10-01 (its beginning, in UTC) or 2026-10-01T15:30Z.')
}

export function parseRows(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('A number of rows is a whole number: 0, 10, 5000.')
}

/** An id with its prefix, whichever way it was given: people read `7kq2` from a link, and `req-7kq2` from a notice. */
export function fullId(prefix: 'req' | 'grant' | 'ses' | 'tok' | 'pk' | 'inv', id: string): string {
  return id.startsWith(`${prefix}-`) ? id : `${prefix}-${id}`
}
