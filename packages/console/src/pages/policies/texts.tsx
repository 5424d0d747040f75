import { CheckCircledIcon, CrossCircledIcon } from '@radix-ui/react-icons'
import type { Policies } from '@countersign/contract/schemas/policy'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useEffect } from 'react'
import { policyQueries } from '../../api/policy-queries.ts'
import { Dim } from '../../parts/dim.tsx'
import { Facts } from '../../parts/facts.tsx'
import { type NumberedLine, NumberedText } from '../../parts/numbered-text.tsx'
import { Problems } from '../../parts/problems.tsx'
import { Section, Sections } from '../../parts/section.tsx'
import { Answer } from '../../parts/states.tsx'
import { Moment } from '../../parts/times.tsx'
import { Word } from '../../parts/word.tsx'

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
    <Sections>
      <Section label="In force" framed>
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
          <Problems label="What is wrong">
            {refused.problems.map(({ file, line, message, hint }) => (
              <li key={`${file} ${line} ${message}`}>
                <code>
                  {file}
                  {line === null ? '' : `:${line}`}
                </code>{' '}
                {message}
                {hint !== undefined && <Dim as="span"> {hint}</Dim>}
              </li>
            ))}
          </Problems>
        )}
      </Section>
      {files.map(({ name, text }) => (
        <NumberedText key={name} label={name} lines={linesOf(text, policy)} />
      ))}
    </Sections>
  )
}

/** The lines of a file; those of the policy that is looked for are marked. */
function linesOf(text: string, policy: string | undefined): readonly NumberedLine[] {
  let marked = false
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((content) => {
      const id = /@id\("([^"]+)"\)/.exec(content)?.[1]
      if (id !== undefined) marked = id === policy
      return { content, marked, id: id === undefined ? undefined : lineId(id) }
    })
}

const lineId = (policy: string) => `policy-${policy}`
