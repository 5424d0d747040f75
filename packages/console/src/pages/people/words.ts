import type { Person } from '@countersign/contract/schemas/passkey'

/** Who says it: `config`, `local`, `scim`, or `oidc:` and the name of an issuer. */
export function sourceInWords(source: string): string {
  if (source === 'config') return 'configuration'
  if (source === 'local') return 'this gateway'
  if (source === 'scim') return 'directory (SCIM)'
  return source.replace(/^oidc:/, 'issuer ')
}

export const duties = ({ admin, auditor }: Pick<Person, 'admin' | 'auditor'>): string =>
  [...(admin ? ['admin'] : []), ...(auditor ? ['auditor'] : [])].join(', ')

/** Who has disabled him: an admin, or the source that says so. */
export const disablers = ({ said }: Pick<Person, 'said'>): readonly string[] =>
  said.flatMap(({ active, source, disabledBy }) => (active ? [] : [disabledBy ?? sourceInWords(source)]))
