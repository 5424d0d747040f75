import { type Command, InvalidArgumentError } from 'commander'
import { Duration, Scope } from '@countersign/contract/schemas/common'

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

export function parseRows(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('A number of rows is a whole number: 0, 10, 5000.')
}

/** An id with its prefix, whichever way it was given: people read `7kq2` from a link, and `req-7kq2` from a notice. */
export function fullId(prefix: 'req' | 'grant' | 'ses' | 'tok', id: string): string {
  return id.startsWith(`${prefix}-`) ? id : `${prefix}-${id}`
}
