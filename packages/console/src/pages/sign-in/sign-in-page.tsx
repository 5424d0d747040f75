import { Button, Code } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { queries } from '../../api/queries.ts'
import { Entrance } from '../../parts/entrance.tsx'
import { Answer } from '../../parts/states.tsx'
import { PasskeySignIn } from './passkey-sign-in.tsx'
import classes from './sign-in-page.module.css'

const route = getRouteApi('/sign-in')

/** The way in. It says nothing about anybody's requests: it needs no login. */
export function SignInPage() {
  const { to = '/' } = route.useSearch()
  const router = useRouter()
  const cache = useQueryClient()
  const me = useQuery(queries.whoami)
  const methods = useQuery(queries.signIn)
  const known = Boolean(me.data)
  useEffect(() => {
    if (known) router.history.replace(to)
  }, [known, router, to])
  return (
    <Entrance title="Sign in">
      <p>What policy does not allow by itself waits here until somebody else countersigns it.</p>
      <Answer query={methods} what="Ways in">
        {({ oidc, passkeys }) => (
          <>
            {oidc.map(({ name, title, href }) => (
              <Button key={name} component="a" href={`${href}?${new URLSearchParams({ to })}`} fullWidth>
                Sign in with {title}
              </Button>
            ))}
            {passkeys && <PasskeySignIn second={oidc.length > 0} onSignedIn={() => void cache.invalidateQueries()} />}
            {!passkeys && oidc.length === 0 && <p>Nobody signs in here: the gateway has no issuer, and browsers make no passkeys for its address.</p>}
          </>
        )}
      </Answer>
      <OnTheCommandLine to={to} />
    </Entrance>
  )
}

/** The same for whoever has a token and no way in here. */
function OnTheCommandLine({ to }: { readonly to: string }) {
  const id = /^\/r\/(?:req-)?([a-z0-9]{1,40})$/.exec(to)?.[1]
  const lines =
    id === undefined
      ? 'countersign login\ncountersign requests --inbox'
      : `countersign login\ncountersign show req-${id}\ncountersign approve req-${id}\ncountersign deny req-${id} --comment "why not"`
  return (
    <div className={classes.commands}>
      <p>On the command line:</p>
      <Code block tabIndex={0}>
        {lines}
      </Code>
    </div>
  )
}
