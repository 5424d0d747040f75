import { Button } from '@mantine/core'
import type { DeviceAsk } from '@countersign/contract/schemas/device'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { client } from '../../api/client.ts'
import { withProof } from '../../api/passkeys.ts'
import { Facts } from '../../parts/facts.tsx'
import { Seen } from '../../parts/seen.tsx'
import { Failed } from '../../parts/states.tsx'
import { Ago } from '../../parts/times.tsx'
import { useMe } from '../../shell/me.ts'
import classes from './device.module.css'

const STATES = {
  confirmed: 'It is signed in: it fetches its token by itself. You can close this page.',
  used: 'It is signed in.',
  refused: 'It was refused.',
  expired: 'This code is too old. Type `countersign login` once more.',
} as const

/** Who asks, in its own words, and from where, in the gateway's. */
export function DeviceAsked({ ask: { userCode, client: name, host, address, askedAt, state } }: { readonly ask: DeviceAsk }) {
  const me = useMe()
  const cache = useQueryClient()
  const answer = useMutation({
    mutationFn: (work: () => Promise<DeviceAsk>) => withProof(work),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['device'] }),
  })
  return (
    <>
      <Facts
        facts={[
          ['code', <code key="code">{userCode}</code>],
          ['asked from', <strong key="address">{address}</strong>],
          ['asked', <Ago key="asked" at={askedAt} />],
          ['says it is', <Seen key="name" text={host === null ? name : `${name} on ${host}`} />],
        ]}
      />
      {state === 'pending' ? (
        <>
          <p>
            It will act as <strong>{me.id}</strong>. Confirm it only if you have just typed <code>countersign login</code> there, and it shows this very code.
          </p>
          <div className={classes.buttons}>
            <Button loading={answer.isPending} onClick={() => answer.mutate(() => client.confirmDevice({ userCode }))}>
              Sign it in
            </Button>
            <Button variant="default" disabled={answer.isPending} onClick={() => answer.mutate(() => client.refuseDevice({ userCode }))}>
              It was not me
            </Button>
          </div>
        </>
      ) : (
        <p role="status">{STATES[state]}</p>
      )}
      {answer.isError && <Failed error={answer.error} />}
    </>
  )
}
