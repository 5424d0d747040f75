import { Button } from '@mantine/core'
import type { LoginInfo } from '@countersign/contract/schemas/login'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { client } from '../../api/client.ts'
import { queries } from '../../api/queries.ts'
import { Dim } from '../../parts/dim.tsx'
import { Rows } from '../../parts/rows.tsx'
import { Section } from '../../parts/section.tsx'
import { Seen } from '../../parts/seen.tsx'
import { Answer, Empty, Failed } from '../../parts/states.tsx'
import { Ago } from '../../parts/times.tsx'
import { useMe } from '../../shell/me.ts'
import classes from './profile.module.css'

/** The browsers in which the reader is signed in, each of which he can end. */
export function SignIns() {
  const me = useMe()
  const logins = useQuery(queries.logins)
  return (
    <Section title="Sign-ins" roomy>
      <Answer query={logins} what="Sign-ins">
        {(all) => {
          const mine = all.filter(({ user, endedAt }) => user === me.user && endedAt === null)
          if (mine.length === 0) return <Empty title="No browser is signed in" />
          return (
            <Rows>
              {mine.map((login) => (
                <SignIn key={login.id} login={login} />
              ))}
            </Rows>
          )
        }}
      </Answer>
    </Section>
  )
}

/** What a browser calls itself comes from wherever it is. */
function SignIn({ login: { id, method, client: address, userAgent, lastUsedAt, current } }: { readonly login: LoginInfo }) {
  const cache = useQueryClient()
  const ending = useMutation({ mutationFn: () => client.endLogin({ id }), onSuccess: () => cache.invalidateQueries() })
  return (
    <li className={classes.row}>
      <span className={classes.what}>
        {current ? 'This browser' : userAgent === null ? 'A browser' : <Seen text={userAgent.slice(0, 200)} />}
        <br />
        <Dim as="span">
          {method} from {address}, used <Ago at={lastUsedAt} />
        </Dim>
      </span>
      <Button size="xs" variant="default" loading={ending.isPending} onClick={() => ending.mutate()}>
        End it
      </Button>
      {ending.isError && <Failed error={ending.error} />}
    </li>
  )
}
