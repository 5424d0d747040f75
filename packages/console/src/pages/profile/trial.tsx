import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { client } from '../../api/client.ts'
import { Dim } from '../../parts/dim.tsx'
import { Failed } from '../../parts/states.tsx'

const NAMES = { email: 'E-mail', push: 'Browser' } as const

/** Sends the reader a message now, so that he need not wait for the first one to learn that none comes. */
export function Trial() {
  const trial = useMutation({ mutationFn: () => client.tryNotifications() })
  return (
    <div>
      <Button variant="default" size="xs" loading={trial.isPending} onClick={() => trial.mutate()}>
        Try it
      </Button>
      <Dim as="div" role="status">
        {trial.data?.length === 0 && 'Nothing reaches you yet.'}
        {trial.data?.map(({ channel, taken, because }) => (
          <div key={channel}>
            {NAMES[channel]}: {taken ? 'a message is on its way.' : because}
          </div>
        ))}
      </Dim>
      {trial.isError && <Failed error={trial.error} />}
    </div>
  )
}
