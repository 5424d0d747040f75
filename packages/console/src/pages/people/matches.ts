import type { Person } from '@countersign/contract/schemas/passkey'
import type { Only } from './only.ts'

interface Filter {
  readonly text: string
  readonly group: string
  readonly only: Only | undefined
}

/** In either case of letters; a group is meant whole. */
export function matches({ name, displayName, email, groups, admin, adminWaits, auditor, active }: Person, { text, group, only }: Filter): boolean {
  const isCalled = [name, displayName, email].some((each) => each?.toLowerCase().includes(text.toLowerCase()))
  const is = { admins: admin || adminWaits, auditors: auditor, disabled: !active }
  return isCalled && (group === '' || groups.includes(group)) && (only === undefined || is[only])
}
