import { Box, Button, Stack } from '@mantine/core'
import { type ErrorComponentProps, Link } from '@tanstack/react-router'
import { PageHeader } from '../parts/page-header.tsx'
import { Failed } from '../parts/states.tsx'

/** An address at which there is nothing. */
export function NotFound() {
  return (
    <Stack component="main" p="lg">
      <PageHeader title="There is nothing here" />
      <p>The address may be mistyped, or of another version.</p>
      <div>
        <Button component={Link} to="/" variant="default">
          To the inbox
        </Button>
      </div>
    </Stack>
  )
}

/** A page that could not be shown: its code did not arrive (a new version was started meanwhile), or it failed. */
export function Broken({ error }: ErrorComponentProps) {
  return (
    <Box component="main" p="lg">
      <Failed error={error instanceof Error ? error : new Error(String(error))} onRetry={() => window.location.reload()} />
    </Box>
  )
}
