import { Button, type ButtonProps, Modal } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { withProof } from '../api/passkeys.ts'
import classes from './confirm.module.css'
import { Failed } from './states.tsx'

interface ConfirmProps {
  /** On the button that asks, and on the one that does it. */
  readonly label: string
  /** For who hears the button without seeing what stands beside it. */
  readonly about: string
  /** What it does, in full. */
  readonly children: ReactNode
  readonly act: () => Promise<unknown>
  /** What is read again afterwards, by the first word of its key. */
  readonly changes: string
  readonly variant?: ButtonProps['variant']
  /** Red where something ends. */
  readonly color?: 'red' | 'indigo'
}

/** A button that first says what it does. What the gateway refuses is shown there; where it wants proof that somebody is there, the browser asks. */
export function Confirm({ label, about, children, act, changes, variant = 'default', color = 'red' }: ConfirmProps) {
  const [opened, { open, close }] = useDisclosure(false)
  const cache = useQueryClient()
  const acting = useMutation({
    mutationFn: () => withProof(act),
    onSuccess: close,
    onSettled: () => cache.invalidateQueries({ queryKey: [changes] }),
  })
  const ask = () => {
    acting.reset()
    open()
  }
  return (
    <>
      <Button size="xs" variant={variant} className={classes.ask} onClick={ask} aria-label={`${label}: ${about}`}>
        {label}
      </Button>
      <Modal opened={opened} onClose={close} title={`${label}: ${about}`} closeButtonProps={{ 'aria-label': 'Close' }}>
        <div className={classes.confirm}>
          <div>{children}</div>
          {acting.isError && <Failed error={acting.error} />}
          <div className={classes.buttons}>
            <Button variant="default" onClick={close} data-autofocus>
              Leave it
            </Button>
            <Button color={color} loading={acting.isPending} onClick={() => acting.mutate()}>
              {label}
            </Button>
          </div>
        </div>
      </Modal>
    </>
  )
}
