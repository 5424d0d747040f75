import { Button, Modal } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { Request } from '@countersign/contract/schemas/request'
import { lazy, Suspense } from 'react'
import { Loading } from '../../parts/states.tsx'
import { useMe } from '../../shell/me.ts'
import { alike, whyNot } from '../request/rules.ts'
import classes from './batch.module.css'

/** Few approve several at once: it is fetched by who does. */
const Choosing = lazy(() => import('./choosing.tsx').then((module) => ({ default: module.Choosing })))

interface BatchProps {
  readonly chosen: Request
  readonly requests: readonly Request[]
}

/** Where several requests ask for the same with other values, they can be approved together: each as it stands, once, and only those that are ticked. */
export function Batch({ chosen, requests }: BatchProps) {
  const me = useMe()
  const [opened, { open, close }] = useDisclosure(false)
  const same = requests.filter((request) => !request.sign && alike(chosen, request) && whyNot(me, request) === null)
  if (same.length < 2) return null
  return (
    <div className={classes.offer}>
      <span>{same.length} requests ask for the same with other values.</span>
      <Button variant="default" size="xs" onClick={open}>
        Approve them together
      </Button>
      <Modal opened={opened} onClose={close} size="xl" title={`${same.length} alike requests`} closeButtonProps={{ 'aria-label': 'Close' }}>
        <Suspense fallback={<Loading what="Requests" />}>
          <Choosing requests={same} onDone={close} />
        </Suspense>
      </Modal>
    </div>
  )
}
