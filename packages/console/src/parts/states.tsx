import { Alert, Button } from '@mantine/core'
import { CrossCircledIcon } from '@radix-ui/react-icons'
import { ClientError } from '@countersign/contract/client-error'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import classes from './states.module.css'

/** It is awaited. Nothing is seen of it at first: most answers are quicker than a reader. */
export function Loading({ what }: { readonly what: string }) {
  return (
    <div role="status" className={classes.loading}>
      {what} …
    </div>
  )
}

/** It failed: what the gateway said, and what to do. */
export function Failed({ error, onRetry }: { readonly error: Error; readonly onRetry?: () => void }) {
  const problem = error instanceof ClientError ? error.problem : null
  return (
    <Alert role="alert" color="red" variant="outline" icon={<CrossCircledIcon />} title={sentence(error.message)} className={classes.failed}>
      {problem?.hint && <p>{problem.hint}</p>}
      {problem?.requestId && (
        <p className={classes.trace}>
          In the gateway&apos;s log: <code>{problem.requestId}</code>
        </p>
      )}
      {onRetry && (
        <Button variant="default" size="xs" mt="xs" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Alert>
  )
}

/** There is nothing, and that is no fault. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className={classes.empty}>
      <p className={classes.title}>{title}</p>
      {children}
    </div>
  )
}

/** Shows `children` of what was asked, once it is there. What is there stays while it is asked again, also when that fails: the shell says that it may be old. */
export function Answer<T>({ query, what, children }: { readonly query: UseQueryResult<T>; readonly what: string; readonly children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return <>{children(query.data)}</>
  if (query.isError) return <Failed error={query.error} onRetry={() => void query.refetch()} />
  return <Loading what={what} />
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
