import type { Impact as ImpactOf } from '@countersign/contract/schemas/action'
import { Facts } from '../../parts/facts.tsx'
import { Section } from '../../parts/section.tsx'
import { Seen } from '../../parts/seen.tsx'
import { rowsInWords } from './rows.ts'

/** What it would have done when it was held. What is not known is said: it is never safe. */
export function Impact({ impact }: { readonly impact: ImpactOf }) {
  const { uniqueKey, triggers, cascades, sets, where, locks, waiting } = impact
  const names = (list: readonly string[] | null) => (list === null ? 'not known' : <Seen text={list.join(', ')} />)
  const some = (list: readonly string[] | null) => list === null || list.length > 0
  return (
    <Section title="Impact">
      <Facts
        facts={[
          ['rows', `${rowsInWords(impact)}${uniqueKey ? ', named by a unique key' : ''}`],
          sets && sets.length > 0 ? ['sets', names(sets.map((column) => (column === '*' ? 'all columns' : column)))] : null,
          where && where.length > 0 ? ['chosen by', names(where)] : null,
          some(triggers) ? ['fires', names(triggers)] : null,
          some(cascades) ? ['also changes', names(cascades)] : null,
          some(locks) ? ['holds', names(locks)] : null,
          waiting && waiting.length > 0 ? ['keeps waiting', names(waiting)] : null,
        ]}
      />
    </Section>
  )
}
