import { Facts } from '../../parts/facts.tsx'
import { PageHeader } from '../../parts/page-header.tsx'
import { Moment } from '../../parts/times.tsx'
import { useMe } from '../../shell/me.ts'
import { Passkeys } from './passkeys.tsx'
import classes from './profile.module.css'
import { SignIns } from './sign-ins.tsx'
import { Told } from './told.tsx'
import { Tokens } from './tokens.tsx'

/** Who the reader is to this gateway, what proves it, and how he is told. */
export function ProfilePage() {
  const { id, groups, admin, auditor, mayReview, signedInAt } = useMe()
  const roles = [admin ? 'admin' : '', auditor ? 'auditor' : ''].filter(Boolean)
  return (
    <div className={classes.page}>
      <PageHeader title="Profile" />
      <Facts
        facts={[
          ['name', id],
          ['groups', groups.join(', ') || 'none'],
          roles.length > 0 ? ['roles', roles.join(', ')] : null,
          ['reviews', mayReview ? 'yes' : 'not with this login'],
          signedInAt === null ? null : ['signed in', <Moment key="in" at={signedInAt} />],
        ]}
      />
      <Passkeys />
      <Told />
      <Tokens />
      <SignIns />
    </div>
  )
}
