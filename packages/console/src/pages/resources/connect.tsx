import { Button } from '@mantine/core'
import { DownloadIcon } from '@radix-ui/react-icons'
import type { Resource } from '@countersign/contract/schemas/resource'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { queries } from '../../api/queries.ts'
import { CopyLine } from '../../parts/copy-line.tsx'
import { Dim } from '../../parts/dim.tsx'
import { download } from '../../parts/download.ts'
import { Answer } from '../../parts/states.tsx'
import { useMe } from '../../shell/me.ts'
import classes from './resources.module.css'
import { CERTIFICATE_FILE, linesFor } from './lines.ts'

/** The lines with which clients connect. None of them carries a token: it goes where the client asks for a password. */
export function Connect({ resource }: { readonly resource: Resource }) {
  const me = useMe()
  const gateway = useQuery(queries.gateway)
  return (
    <div className={classes.connect}>
      {linesFor(me.id, resource).map(({ client, line }) => (
        <CopyLine key={client} label={client} line={line} />
      ))}
      <Dim>
        The password is a token: <Link to="/profile">make one in your profile</Link>. The certificate is the gateway&apos;s own, and the only one to trust.
      </Dim>
      <Answer query={gateway} what="Certificate">
        {({ certificate }) => (
          <div>
            <Button
              size="xs"
              variant="default"
              leftSection={<DownloadIcon />}
              onClick={() => download(CERTIFICATE_FILE, new Blob([certificate], { type: 'application/x-pem-file' }))}
            >
              {CERTIFICATE_FILE}
            </Button>
          </div>
        )}
      </Answer>
    </div>
  )
}
