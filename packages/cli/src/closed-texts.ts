import { gatewayOf } from '@countersign/ledger/trust'
import type { Closed } from '@countersign/ledger/verify-receipt'

const OF_A_PERSON = /-person-[0-9a-f]{16}$/

/** Which texts of a receipt are closed, and who could open them, a line for each key. */
export function* toldClosed(closed: readonly Closed[]): Generator<string> {
  for (const [key, texts] of Map.groupBy(closed, ({ key }) => key)) {
    const which = texts.map(({ index, type }) => `${type} (entry ${index})`).join(', ')
    const [{ gateway } = { gateway: '' }] = texts
    yield `not opened: ${which}: ${key === null ? `${gateway} does not say with which key it sealed them` : whoHas(key, gatewayOf(gateway))}`
  }
}

function whoHas(key: string, gateway: string): string {
  const file = `keys/${key}.key`
  if (OF_A_PERSON.test(key)) return `sealed for a person; erased, unless ${gateway} still has ${file}`
  return `only ${gateway} can, while it has ${file}`
}
