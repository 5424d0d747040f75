import type { Request } from '@countersign/contract/schemas/request'
import { duration } from '../../parts/durations.ts'
import { Facts } from '../../parts/facts.tsx'
import { Section } from '../../parts/section.tsx'
import { Ago, Left, Moment } from '../../parts/times.tsx'

/** Which policy asked and what for, what it lets a reviewer give, and until when. */
export function Terms({ request }: { readonly request: Request }) {
  const { policies, needs, createdAt, expiresAt, decidedAt, status } = request
  return (
    <Section title="Terms">
      <Facts
        facts={[
          ['needs', needs.text || 'nothing'],
          status === 'pending' && needs.missing !== null && needs.missing !== needs.text ? ['still', needs.missing] : null,
          ['asked by', <PolicyNames key="policies" names={policies} />],
          ['at most', atMost(request)],
          request.sign ? ['signed', 'with the reviewer’s passkey'] : null,
          ['asked', <Ago key="asked" at={createdAt} />],
          status === 'pending' ? ['expires', <Left key="left" until={expiresAt} />] : null,
          decidedAt === null ? null : ['decided', <Moment key="decided" at={decidedAt} />],
        ]}
      />
    </Section>
  )
}

const PolicyNames = ({ names }: { readonly names: readonly string[] }) => (
  <>{names.length > 0 ? names.map((name) => <div key={name}>{name}</div>) : 'no policy'}</>
)

function atMost({ ceiling }: Request): string {
  switch (ceiling.kind) {
    case 'once':
      return 'this, once'
    case 'shape':
      return 'this statement with other values'
    case 'duration':
      return `this type of action for ${duration(ceiling.durationMs)}`
  }
}
