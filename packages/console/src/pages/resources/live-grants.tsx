import { Button } from '@mantine/core'
import type { Grant } from '@countersign/contract/schemas/grant'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { client } from '../../api/client.ts'
import { Failed } from '../../parts/states.tsx'
import { Left } from '../../parts/times.tsx'
import classes from './resources.module.css'

/** What is granted now; who has finished ends it. */
export function LiveGrants({ resource, grants }: { readonly resource: string; readonly grants: readonly Grant[] }) {
  const cache = useQueryClient()
  const done = useMutation({ mutationFn: () => client.done({ resource }), onSuccess: () => cache.invalidateQueries({ queryKey: ['grants'] }) })
  return (
    <div className={classes.grants}>
      <ul>
        {grants.map(({ id, covers, endsAt, usesLeft }) => (
          <li key={id}>
            <code>{id}</code> {covers}, <Left until={endsAt} />
            {usesLeft !== null && `, ${usesLeft} ${usesLeft === 1 ? 'use' : 'uses'} left`}
          </li>
        ))}
      </ul>
      <Button size="xs" variant="default" loading={done.isPending} onClick={() => done.mutate()}>
        I have finished
      </Button>
      {done.isError && <Failed error={done.error} />}
    </div>
  )
}
