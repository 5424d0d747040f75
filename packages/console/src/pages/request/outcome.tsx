import { Button } from '@mantine/core'
import { DownloadIcon } from '@radix-ui/react-icons'
import type { Request } from '@countersign/contract/schemas/request'
import type { RequestContext } from '@countersign/contract/schemas/request-context'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { client } from '../../api/client.ts'
import { Dim } from '../../parts/dim.tsx'
import { download } from '../../parts/download.ts'
import { Section } from '../../parts/section.tsx'
import { Failed } from '../../parts/states.tsx'
import { useMe } from '../../shell/me.ts'
import { Grants } from './grants.tsx'
import { Opened } from './opened.tsx'
import { maySeeReceipt, mayOpenSessions, mayTakeBack } from './rules.ts'
import { Runs } from './runs.tsx'

interface OutcomeProps {
  readonly request: Request
  readonly context: Pick<RequestContext, 'grants' | 'runs' | 'opened'>
}

/** What came of it, once it is decided: what ran and what it did, what its approval yielded, and what proves all of it. */
export function Outcome({ request, context: { grants, runs, opened } }: OutcomeProps) {
  const me = useMe()
  const mayOpen = mayOpenSessions(me, request)
  const [seesLedger, seesReceipt] = [me.admin || me.auditor, maySeeReceipt(me, request)]
  if (grants.length === 0 && !seesLedger && !seesReceipt) return null
  return (
    <Section title="Afterwards">
      {opened.length > 0 && <Opened sessions={opened} mayOpen={mayOpen} />}
      {grants.length > 0 && (opened.length === 0 || runs.count > 0) && (
        <Runs runs={runs} mayOpen={mayOpen} isLive={grants.some(({ status }) => status === 'active')} />
      )}
      <Grants grants={grants} mayTakeBack={mayTakeBack(me, request)} />
      {seesLedger && (
        <p>
          <Link to="/ledger" search={{ request: request.id }}>
            Its entries in the ledger
          </Link>
        </p>
      )}
      {seesReceipt && <Receipt id={request.id} />}
    </Section>
  )
}

/** What proves it to somebody who has no gateway. */
function Receipt({ id }: { readonly id: string }) {
  const receipt = useMutation({
    mutationFn: () => client.receipt({ id }),
    onSuccess: (made) => download(`receipt-${id}.json`, new Blob([JSON.stringify(made, null, 2)], { type: 'application/json' })),
  })
  return (
    <>
      <div>
        <Button variant="default" leftSection={<DownloadIcon />} loading={receipt.isPending} onClick={() => receipt.mutate()}>
          Download the receipt
        </Button>
      </div>
      {receipt.isError && <Failed error={receipt.error} />}
      <Dim>
        It proves what became of this request to anybody, without a gateway: <code>countersign ledger verify receipt-{id}.json</code>
      </Dim>
    </>
  )
}
