import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { client } from '../../api/client.ts'
import { queries } from '../../api/queries.ts'
import { subscribeThisBrowser } from '../../api/web-push.ts'
import { Dim } from '../../parts/dim.tsx'
import { Rows } from '../../parts/rows.tsx'
import { Answer, Failed } from '../../parts/states.tsx'
import { Ago } from '../../parts/times.tsx'
import classes from './profile.module.css'

/** The browsers that are told also while no page of the console is open. */
export function Browsers({ unavailable }: { readonly unavailable: string | null }) {
  const push = useQuery(queries.push)
  const cache = useQueryClient()
  const settle = {
    onSuccess: () =>
      Promise.all([cache.invalidateQueries({ queryKey: queries.push.queryKey }), cache.invalidateQueries({ queryKey: queries.notifications.queryKey })]),
  }
  const subscription = useMutation({ mutationFn: (key: string) => subscribeThisBrowser(key), ...settle })
  const removal = useMutation({ mutationFn: (id: string) => client.unsubscribePush({ id }), ...settle })
  const supported = 'serviceWorker' in navigator && 'PushManager' in window
  return (
    <Answer query={push} what="Browsers">
      {({ key, subscriptions }) => (
        <>
          {subscriptions.length > 0 && (
            <Rows>
              {subscriptions.map(({ id, label, service, createdAt }) => (
                <li key={id} className={classes.row}>
                  <span className={classes.what}>
                    {label ?? service}{' '}
                    <Dim as="span">
                      since <Ago at={createdAt} />
                    </Dim>
                  </span>
                  <Button size="xs" variant="default" onClick={() => removal.mutate(id)} aria-label={`Tell ${label ?? service} no more`}>
                    Tell it no more
                  </Button>
                </li>
              ))}
            </Rows>
          )}
          {key === null || !supported ? (
            <Dim>{unavailable === null ? 'This browser cannot be told while no page of the console is open.' : `In the browser: ${unavailable}.`}</Dim>
          ) : (
            <div>
              <Button variant="default" size="xs" loading={subscription.isPending} onClick={() => subscription.mutate(key)}>
                Tell this browser
              </Button>
            </div>
          )}
          {subscription.isError && <Failed error={subscription.error} />}
          {removal.isError && <Failed error={removal.error} />}
        </>
      )}
    </Answer>
  )
}
