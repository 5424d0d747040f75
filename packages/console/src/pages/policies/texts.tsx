import { CheckCircledIcon, CrossCircledIcon } from '@radix-ui/react-icons'
import type { Policies } from '@countersign/contract/schemas/policy'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useEffect } from 'react'
import { policyQueries } from '../../api/policy-queries.ts'
import { Facts } from '../../parts/facts.tsx'
import { Answer } from '../../parts/states.tsx'
import { Moment } from '../../parts/times.tsx'
import { Word } from '../../parts/word.tsx'
import classes from './policies.module.css'

const route = getRouteApi('/signed-in/policies')

/** The policies that are in force, as they are written, and what is wrong with those on disk. */
export function Texts() {
  const policies = useQuery(policyQueries.texts)
  return (
    <Answer query={policies} what="Policies">
      {(found) => <InForce policies={found} />}
    </Answer>
  )
}

function InForce({ policies }: { readonly policies: Policies }) {
  const { version, loadedAt, files, refused } = policies
  const { policy } = route.useSearch()
  const wanted = files.length > 0 ? policy : undefined
  useEffect(() => {
    if (wanted !== undefined) document.getElementById(lineId(wanted))?.scrollIntoView({ block: 'center' })
  }, [wanted])
  return (
    <div className={classes.page}>
      <section className={classes.panel} aria-label="In force">
        <Facts
          facts={[
            [
              'state',
              refused ? (
                <Word key="state" tone="bad" icon={CrossCircledIcon}>
                  what is on disk is broken; the last good ones stay in force
                </Word>
              ) : (
                <Word key="state" tone="good" icon={CheckCircledIcon}>
                  valid, and in force
                </Word>
              ),
            ],
            ['since', <Moment key="since" at={loadedAt} />],
            ['version', <code key="version">{version}</code>],
          ]}
        />
        {refused && (
          <ul className={classes.problems} aria-label="What is wrong">
            {refused.problems.map(({ file, line, message, hint }) => (
              <li key={`${file} ${line} ${message}`}>
                <code>
                  {file}
                  {line === null ? '' : `:${line}`}
                </code>{' '}
                {message}
                {hint !== undefined && <span className={classes.dim}> {hint}</span>}
              </li>
            ))}
          </ul>
        )}
      </section>
      {files.map(({ name, text }) => (
        <figure key={name} className={classes.file}>
          <figcaption>{name}</figcaption>
          <pre tabIndex={0} aria-label={name}>
            <Lines text={text} marked={policy} />
          </pre>
        </figure>
      ))}
    </div>
  )
}

/** Numbered, because explanations and errors name lines. */
function Lines({ text, marked }: { readonly text: string; readonly marked: string | undefined }) {
  let inMarked = false
  return (
    <ol className={classes.lines}>
      {text
        .replace(/\n$/, '')
        .split('\n')
        .map((line, index) => {
          const id = /@id\("([^"]+)"\)/.exec(line)?.[1]
          if (id !== undefined) inMarked = id === marked
          return (
            <li key={index} id={id === undefined ? undefined : lineId(id)} data-marked={inMarked || undefined}>
              <code>{line}</code>
            </li>
          )
        })}
    </ol>
  )
}

const lineId = (policy: string) => `policy-${policy}`
