import type { Passkey } from '@countersign/contract/schemas/passkey'
import { client } from '../../api/client.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { Dim } from '../../parts/dim.tsx'
import classes from './people.module.css'

/** Agree, or not, to what a passkey waits for; its owner, and who brought it about, is not asked. */
export function ReviewPasskey({ passkey: { id, user, name, status, reviewable } }: { readonly passkey: Passkey }) {
  if (!reviewable) return <Dim as="span">another admin has to say</Dim>
  const about = `${name} of ${user}`
  const [yes, no] = EFFECTS[status === 'leaving' ? 'leaving' : status === 'active' ? 'active' : 'waiting']
  return (
    <div className={classes.buttons}>
      <Confirm label="Agree" about={about} color="indigo" changes="people" act={() => client.reviewPasskey({ id, approve: true })}>
        <p>{yes}</p>
      </Confirm>
      <Confirm label="Do not agree" about={about} changes="people" act={() => client.reviewPasskey({ id, approve: false })}>
        <p>{no}</p>
      </Confirm>
    </div>
  )
}

/** Of what the passkey waits for: what it comes to when one agrees, and when not. */
const EFFECTS = {
  waiting: [
    'From now on it signs him in, as an admin, and signs what he approves.',
    'It is removed, and never counts. Whoever made it needs another invitation.',
  ],
  leaving: ['It is removed for good.', 'It counts again, as it did before somebody removed it.'],
  active: [
    'From now on he is an admin, with this passkey and with all that he has signed in and made tokens with.',
    'It is removed. His grants, sign-ins and tokens end for good, since whoever has the passkey may have made them; then he is an admin who has to come in anew.',
  ],
} as const
