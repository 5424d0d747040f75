import { Button } from '@mantine/core'
import { LockClosedIcon } from '@radix-ui/react-icons'
import { useMutation } from '@tanstack/react-query'
import { client } from '../../api/client.ts'
import { assertion, hasPasskeys } from '../../api/passkeys.ts'
import { Failed } from '../../parts/states.tsx'

/** Without a user name: the browser knows which passkeys there are for this address. */
export function PasskeySignIn({ second, onSignedIn }: { readonly second: boolean; readonly onSignedIn: () => void }) {
  const signIn = useMutation({
    mutationFn: async () => client.signInWithPasskey({ credential: await assertion((await client.signInOptions()).options) }),
    onSuccess: onSignedIn,
  })
  if (!hasPasskeys()) return <p>This browser knows no passkeys, or is too old.</p>
  return (
    <>
      <Button fullWidth variant={second ? 'default' : 'filled'} leftSection={<LockClosedIcon />} loading={signIn.isPending} onClick={() => signIn.mutate()}>
        Sign in with a passkey
      </Button>
      {signIn.isError && <Failed error={signIn.error} />}
    </>
  )
}
