import { Button } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { BellIcon } from '@radix-ui/react-icons'
import type { Request } from '@countersign/contract/schemas/request'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useMemo, useRef, useState } from 'react'
import { queries } from '../../api/queries.ts'
import { PageHeader } from '../../parts/page-header.tsx'
import { Rows } from '../../parts/rows.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { useShortcuts } from '../../shell/shortcuts.tsx'
import { RequestView } from '../request/request-view.tsx'
import { shortId } from '../request/rules.ts'
import { Batch } from './batch.tsx'
import classes from './inbox.module.css'
import { mostUrgentFirst } from './order.ts'
import { Row } from './row.tsx'

const route = getRouteApi('/signed-in/')

/** What waits for whoever is signed in; the one that is chosen beside the list, where there is room. */
export function InboxPage() {
  const inbox = useQuery(queries.inbox)
  return (
    <>
      <PageHeader title="Inbox">
        <BrowserNotices />
      </PageHeader>
      <Answer query={inbox} what="Inbox">
        {(requests) =>
          requests.length === 0 ? (
            <Empty title="Nothing waits for you">
              <p>A request that you may review appears here by itself.</p>
            </Empty>
          ) : (
            <Waiting requests={mostUrgentFirst(requests)} />
          )
        }
      </Answer>
    </>
  )
}

function Waiting({ requests }: { readonly requests: readonly Request[] }) {
  const { at } = route.useSearch()
  const navigate = route.useNavigate()
  const router = useRouter()
  const wide = useMediaQuery('(min-width: 75em)', undefined, { getInitialValueInEffect: false })
  const chosen = requests.find(({ id }) => id === at) ?? requests[0]
  const rows = useRef<HTMLDivElement>(null)

  const move = (by: number) => {
    const links = [...(rows.current?.querySelectorAll('a') ?? [])]
    const index = links.findIndex((link) => link === document.activeElement)
    const from = index === -1 ? requests.findIndex(({ id }) => id === chosen?.id) : index
    const next = requests[Math.min(Math.max(index === -1 && by > 0 && !wide ? 0 : from + by, 0), requests.length - 1)]
    if (!next) return
    rows.current?.querySelector<HTMLElement>(`a[data-id="${next.id}"]`)?.focus()
    if (wide) void navigate({ search: { at: next.id }, replace: true })
  }
  const latest = useRef({ move, open: () => undefined as void })
  latest.current = {
    move,
    open: () => {
      if (chosen) void router.navigate({ to: '/r/$id', params: { id: shortId(chosen.id) } })
    },
  }
  useShortcuts(
    useMemo(
      () => [
        { key: 'j', does: 'The next request', run: () => latest.current.move(1) },
        { key: 'k', does: 'The request before', run: () => latest.current.move(-1) },
        { key: 'o', does: 'Open the request on a page of its own', run: () => latest.current.open() },
      ],
      [],
    ),
  )

  /** After an answer the next one is shown, as a reader of mail would expect. */
  const onReviewed = () => {
    const index = requests.findIndex(({ id }) => id === chosen?.id)
    const next = requests[index + 1] ?? requests[index - 1]
    void navigate({ search: next ? { at: next.id } : {}, replace: true })
  }

  return (
    <div className={classes.inbox}>
      <div ref={rows}>
        <Rows label="Requests">
          {requests.map((request) => (
            <Row key={request.id} request={request} chosen={wide && request.id === chosen?.id} beside={wide} />
          ))}
        </Rows>
      </div>
      {wide && chosen && (
        <div className={classes.chosen}>
          <Batch chosen={chosen} requests={requests} />
          <RequestView key={chosen.id} request={chosen} onReviewed={onReviewed} />
        </div>
      )}
    </div>
  )
}

/** Asks once; what was answered is the browser's to keep. */
function BrowserNotices() {
  const [permission, setPermission] = useState(() => ('Notification' in window ? Notification.permission : 'denied'))
  if (permission !== 'default') return null
  return (
    <Button
      variant="default"
      size="xs"
      leftSection={<BellIcon />}
      onClick={() => void Notification.requestPermission().then((answer) => setPermission(answer))}
    >
      Tell me in this browser
    </Button>
  )
}
