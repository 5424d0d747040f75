import { Button, Modal } from '@mantine/core'
import type { ToSign } from '@countersign/contract/schemas/request'
import { Facts } from '../../parts/facts.tsx'
import { Section } from '../../parts/section.tsx'
import { Seen } from '../../parts/seen.tsx'
import { Failed } from '../../parts/states.tsx'
import classes from './request-view.module.css'

interface SigningProps {
  readonly toSign: ToSign
  readonly busy: boolean
  readonly error: Error | null
  readonly onSign: () => void
  readonly onClose: () => void
}

/** What the reviewer's passkey is to sign, all of it and nothing else: the challenge is the digest of this very text. */
export function Signing({ toSign: { shown }, busy, error, onSign, onClose }: SigningProps) {
  const said: unknown = JSON.parse(shown)
  const members = typeof said === 'object' && said !== null ? Object.entries(said) : []
  return (
    <Modal opened onClose={onClose} size="xl" title="Sign this approval" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Section as="div">
        <p>Your passkey signs exactly this. Anybody can verify it later.</p>
        <Facts facts={members.map(([name, value]) => [name, <Member key={name} value={value} />] as const)} />
        {error && <Failed error={error} />}
        <div>
          <Button loading={busy} onClick={onSign}>
            Sign with my passkey
          </Button>
        </div>
      </Section>
    </Modal>
  )
}

function Member({ value }: { readonly value: unknown }) {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
  return (
    <pre className={classes.member}>
      {text.split('\n').map((line, index) => (
        <div key={index}>
          <Seen text={line} />
        </div>
      ))}
    </pre>
  )
}
