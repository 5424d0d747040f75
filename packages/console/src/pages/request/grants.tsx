import { Button } from '@mantine/core'
import type { Grant } from '@countersign/contract/schemas/grant'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { client } from '../../api/client.ts'
import { Facts } from '../../parts/facts.tsx'
import { Section } from '../../parts/section.tsx'
import { Failed } from '../../parts/states.tsx'
import { Left, Moment } from '../../parts/times.tsx'

/** What its approval yielded, and whether it is used up. */
export function Grants({ grants, mayTakeBack }: { readonly grants: readonly Grant[]; readonly mayTakeBack: boolean }) {
  return grants.map((grant) => <OneGrant key={grant.id} grant={grant} mayTakeBack={mayTakeBack} />)
}

function OneGrant({ grant, mayTakeBack }: { readonly grant: Grant; readonly mayTakeBack: boolean }) {
  const { id, status, covers, endsAt, endedAt, endReason, usesLeft } = grant
  const cache = useQueryClient()
  const revocation = useMutation({
    mutationFn: () => client.revoke({ id }),
    onSuccess: () => Promise.all([cache.invalidateQueries({ queryKey: ['requests'] }), cache.invalidateQueries({ queryKey: ['grants'] })]),
  })
  return (
    <Section as="div">
      <Facts
        facts={[
          ['grant', <code key="id">{id}</code>],
          ['covers', covers],
          ['state', endReason === null ? status : `${status}: ${endReason}`],
          status === 'active' ? ['ends', <Left key="left" until={endsAt} />] : null,
          usesLeft === null || status !== 'active' ? null : ['uses left', String(usesLeft)],
          endedAt === null ? null : ['ended', <Moment key="ended" at={endedAt} />],
        ]}
      />
      {status === 'active' && mayTakeBack && (
        <div>
          <Button variant="default" size="xs" loading={revocation.isPending} onClick={() => revocation.mutate()}>
            Take it back
          </Button>
        </div>
      )}
      {revocation.isError && <Failed error={revocation.error} />}
    </Section>
  )
}
