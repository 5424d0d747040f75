import { Button } from '@mantine/core'
import type { Person } from '@countersign/contract/schemas/passkey'
import { Link } from '@tanstack/react-router'
import { client } from '../../api/client.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { useMe } from '../../shell/me.ts'

/** Whether somebody may act at all is for an admin to say, of anybody but himself. */
export function MayAct({ person: { name, active } }: { readonly person: Person }) {
  const me = useMe()
  if (!active)
    return (
      <Confirm label="Enable" about={name} color="indigo" changes="people" act={() => client.enablePerson({ name })}>
        <p>He may sign in again, with the passkeys that he has or at his issuer.</p>
        <p>What ended when he was disabled stays so: he asks anew for what he needs, and makes new tokens.</p>
      </Confirm>
    )
  return (
    <>
      <Button size="xs" variant="default" renderRoot={(props) => <Link {...props} to="/people" search={{ show: 'invitations', user: name }} />}>
        Invite again
      </Button>
      {name !== me.user && (
        <Confirm label="Disable" about={name} changes="people" act={() => client.disablePerson({ name })}>
          <p>From now on he may do nothing, at any gateway, whatever other sources say: his sessions are cut at once.</p>
          <p>
            His grants, sign-ins, tokens, those of his agents, and open invitations end for good. His passkeys stay, and let him in once he is enabled: remove
            those that somebody else may have.
          </p>
        </Confirm>
      )}
    </>
  )
}
