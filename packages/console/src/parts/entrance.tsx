import { Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import { Brand } from '../shell/brand.tsx'
import classes from './entrance.module.css'
import { PageHeader } from './page-header.tsx'

/** A page for who is not signed in yet: nothing is around it. */
export function Entrance({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <main className={classes.page}>
      <Stack className={classes.card}>
        <Brand />
        <PageHeader title={title} />
        {children}
      </Stack>
    </main>
  )
}
