import { Code, Stack } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { PageHeader } from '../../parts/page-header.tsx'
import { Brand } from '../../shell/brand.tsx'
import classes from './sign-in-page.module.css'

const route = getRouteApi('/sign-in')

/** The way in. It says nothing about anybody's requests: it needs no login. */
export function SignInPage() {
  const { to } = route.useSearch()
  const id = /^\/r\/(?:req-)?([a-z0-9]{1,40})$/.exec(to ?? '')?.[1]
  return (
    <main className={classes.page}>
      <Stack className={classes.card}>
        <Brand />
        <PageHeader title="Sign in" />
        <p>What policy does not allow by itself waits here until somebody else countersigns it.</p>
        {id === undefined ? (
          <>
            <p>Everything that waits for you, on the command line:</p>
            <Code block>countersign requests --inbox</Code>
          </>
        ) : (
          <>
            <p>The same on the command line:</p>
            <Code block>{`countersign show req-${id}\ncountersign approve req-${id}\ncountersign deny req-${id} --comment "why not"`}</Code>
          </>
        )}
      </Stack>
    </main>
  )
}
