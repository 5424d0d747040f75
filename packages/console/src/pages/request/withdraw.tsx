import { Button } from '@mantine/core'
import type { Request } from '@countersign/contract/schemas/request'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { client } from '../../api/client.ts'
import { queries } from '../../api/queries.ts'
import { Failed } from '../../parts/states.tsx'

/** The requester takes it back. */
export function Withdraw({ request }: { readonly request: Request }) {
  const cache = useQueryClient()
  const withdrawal = useMutation({
    mutationFn: () => client.withdraw({ id: request.id }),
    onSuccess: (withdrawn) => cache.setQueryData(queries.request(request.id).queryKey, withdrawn),
  })
  return (
    <>
      <div>
        <Button variant="default" loading={withdrawal.isPending} onClick={() => withdrawal.mutate()}>
          Withdraw it
        </Button>
      </div>
      {withdrawal.isError && <Failed error={withdrawal.error} />}
    </>
  )
}
