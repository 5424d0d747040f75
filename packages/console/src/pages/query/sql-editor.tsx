import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { Failed } from '../../parts/states.tsx'
import type { Editor, openEditor } from './editor.ts'
import classes from './query.module.css'

interface Loaded {
  readonly openEditor: typeof openEditor
}

interface SqlEditorProps {
  readonly onReady: (editor: Editor | null) => void
  readonly onChange: () => void
  readonly onRun: () => void
}

/** The editor, which is fetched once the page is there: it is half as large as everything else. */
export function SqlEditor(props: SqlEditorProps) {
  const host = useRef<HTMLDivElement>(null)
  const [attempt, setAttempt] = useState(0)
  const [error, setError] = useState<Error | null>(null)
  const ready = useEffectEvent(props.onReady)
  const change = useEffectEvent(props.onChange)
  const run = useEffectEvent(props.onRun)
  useEffect(() => {
    let editor: Editor | null = null
    let gone = false
    const open = ({ openEditor }: Loaded) => {
      if (gone || !host.current) return
      editor = openEditor(host.current, { onChange: () => change(), onRun: () => run() })
      ready(editor)
    }
    import('./editor.ts').then(open).catch((cause: unknown) => setError(new Error('the editor could not be fetched', { cause })))
    return () => {
      gone = true
      editor?.destroy()
      ready(null)
    }
  }, [attempt])
  if (error) {
    const again = () => {
      setError(null)
      setAttempt(attempt + 1)
    }
    return <Failed error={error} onRetry={again} />
  }
  return <div ref={host} className={classes.editor} />
}
