import type { Resource } from '@countersign/contract/schemas/resource'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { queries } from '../../api/queries.ts'
import { PageHeader } from '../../parts/page-header.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Bar } from './bar.tsx'
import type { Editor } from './editor.ts'
import { Items } from './items.tsx'
import { offsetOf } from './position.ts'
import classes from './query.module.css'
import { SqlEditor } from './sql-editor.tsx'
import { NOTHING_SAID, type Said, Where } from './where.tsx'
import { useRun } from './use-run.ts'

const route = getRouteApi('/signed-in/query')
const EXPLAIN = 'EXPLAIN '

/** SQL on a resource, from a browser: by the same rules, with the same holds and in the same record as from any client. */
export function QueryPage() {
  const resources = useQuery(queries.resources)
  return (
    <>
      <PageHeader title="Query" />
      <Answer query={resources} what="Resources">
        {(found) => {
          const reached = found.filter(({ summary }) => summary.connect !== 'never')
          if (reached.length > 0) return <Desk resources={reached} />
          return (
            <Empty title="There is nothing that you can query">
              <p>No policy lets you connect to any resource. Whoever runs this gateway can change that.</p>
            </Empty>
          )
        }}
      </Answer>
    </>
  )
}

function Desk({ resources }: { readonly resources: readonly Resource[] }) {
  // Where there are several none is chosen for anybody: what is meant for one must not run on another.
  const { resource = resources.length === 1 ? resources[0]?.name : undefined } = route.useSearch()
  const chosen = resources.find(({ name }) => name === resource)
  const [said, setSaid] = useState(NOTHING_SAID)
  const [editor, setEditor] = useState<Editor | null>(null)
  const [written, setWritten] = useState(false)
  const [ran, setRan] = useState('')
  const [note, setNote] = useState('')
  const { run, start, stop } = useRun()

  const go = (prefix: '' | typeof EXPLAIN) => {
    const text = editor?.text ?? ''
    if (run.state === 'running' || text.trim() === '') return
    if (!chosen) return setNote('Choose a resource first.')
    // The others would not be explained, but run.
    if (prefix === EXPLAIN && editor && editor.statements > 1) return setNote('EXPLAIN is for one statement, and there are several.')
    setNote('')
    setRan(text)
    editor?.mark(null)
    start({ resource: chosen.name, sql: prefix + text, ...whatIsSaid(said) }, prefix.length)
  }

  const failure = run.items.findLast((item) => item.kind === 'failed')
  const offset = failure?.position == null ? null : offsetOf(ran, failure.position, run.prefix)
  useEffect(() => {
    if (editor && offset !== null && editor.text === ran) editor.mark(offset)
  }, [editor, offset, ran, failure])

  return (
    <div className={classes.page}>
      <Where resources={resources} resource={resource} said={said} onSay={setSaid} />
      <SqlEditor onReady={setEditor} onChange={() => setWritten(editor?.text.trim() !== '')} onRun={() => go('')} />
      <Bar run={run} ready={written && chosen !== undefined} note={note} onRun={() => go('')} onExplain={() => go(EXPLAIN)} onStop={stop} />
      <Items run={run} resource={chosen?.name ?? 'query'} text={ran} offset={offset} onGoTo={(at) => editor?.goTo(at)} />
    </div>
  )
}

const whatIsSaid = ({ database, reason, ticket, maxRows }: Said) => ({
  maxRows,
  ...(database.trim() ? { database: database.trim() } : {}),
  ...(reason.trim() ? { reason: reason.trim() } : {}),
  ...(ticket.trim() ? { ticket: ticket.trim() } : {}),
})
