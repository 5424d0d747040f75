import { Button } from '@mantine/core'
import { DownloadIcon } from '@radix-ui/react-icons'
import type { Grant } from '@countersign/contract/schemas/grant'
import type { Request } from '@countersign/contract/schemas/request'
import { useMutation } from '@tanstack/react-query'
import { client } from '../../api/client.ts'
import { Dim } from '../../parts/dim.tsx'
import { download } from '../../parts/download.ts'
import { Section } from '../../parts/section.tsx'
import { Failed } from '../../parts/states.tsx'
import { useMe } from '../../shell/me.ts'
import { Grants } from './grants.tsx'

/** What came of it, once it is decided, and the receipt: what proves it to somebody who has no gateway. */
export function Outcome({ request, grants }: { readonly request: Request; readonly grants: readonly Grant[] }) {
  const me = useMe()
  const receipt = useMutation({
    mutationFn: () => client.receipt({ id: request.id }),
    onSuccess: (made) => download(`receipt-${request.id}.json`, new Blob([JSON.stringify(made, null, 2)], { type: 'application/json' })),
  })
  const tookPart = me.admin || request.requester.user === me.user || request.reviews.some(({ reviewer }) => reviewer.user === me.user)
  if (request.status === 'pending' || !tookPart) return null
  return (
    <Section title="Afterwards">
      <Grants grants={grants} />
      <div>
        <Button variant="default" leftSection={<DownloadIcon />} loading={receipt.isPending} onClick={() => receipt.mutate()}>
          Download the receipt
        </Button>
      </div>
      {receipt.isError && <Failed error={receipt.error} />}
      <Dim>
        It proves what became of this request to anybody, without a gateway: <code>countersign ledger verify receipt-{request.id}.json</code>
      </Dim>
    </Section>
  )
}
