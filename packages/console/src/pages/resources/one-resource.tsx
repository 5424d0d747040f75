import { Badge, Button, Collapse } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { Grant } from '@countersign/contract/schemas/grant'
import type { Resource } from '@countersign/contract/schemas/resource'
import { Link } from '@tanstack/react-router'
import { Section } from '../../parts/section.tsx'
import { Ask } from './ask.tsx'
import { Connect } from './connect.tsx'
import { LiveGrants } from './live-grants.tsx'
import { Outlook } from './outlook.tsx'
import classes from './resources.module.css'

/** One resource: what may be done there, what is granted now, and the two ways on. */
export function OneResource({ resource, grants }: { readonly resource: Resource; readonly grants: readonly Grant[] }) {
  const { name, protocol, labels, mode, summary } = resource
  const [connecting, connect] = useDisclosure(false)
  const [asking, ask] = useDisclosure(false)
  return (
    <Section as="li" framed roomy>
      <div className={classes.head}>
        <h2 className={classes.name}>{name}</h2>
        <span className={classes.labels}>
          {protocol}
          {Object.entries(labels).map(([label, value]) => (
            <span key={label}>
              {label} {value}
            </span>
          ))}
        </span>
        {mode === 'observe' && (
          <Badge variant="outline" color="gray">
            observed: nothing is held
          </Badge>
        )}
        <span className={classes.actions}>
          <Button size="xs" variant="default" onClick={ask.open}>
            Ask for access
          </Button>
          <Button size="xs" variant="default" aria-expanded={connecting} onClick={connect.toggle}>
            Connect
          </Button>
          {summary.connect !== 'never' && (
            <Button size="xs" variant="default" renderRoot={(props) => <Link {...props} to="/query" search={{ resource: name }} />}>
              Query
            </Button>
          )}
        </span>
      </div>
      <dl className={classes.outlooks}>
        {(['connect', 'read', 'write', 'ddl'] as const).map((what) => (
          <div key={what}>
            <dt>{what === 'ddl' ? 'change the schema' : what}</dt>
            <dd>
              <Outlook outlook={summary[what]} />
            </dd>
          </div>
        ))}
      </dl>
      {grants.length > 0 && <LiveGrants resource={name} grants={grants} />}
      <Collapse expanded={connecting}>{connecting && <Connect resource={resource} />}</Collapse>
      <Ask resource={resource} opened={asking} onClose={ask.close} />
    </Section>
  )
}
