import { Button, NativeSelect, Textarea, TextInput } from '@mantine/core'
import { ActionType } from '@countersign/contract/schemas/common'
import type { Explanation } from '@countersign/contract/schemas/policy'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { client } from '../../api/client.ts'
import { queries } from '../../api/queries.ts'
import { Dim } from '../../parts/dim.tsx'
import { duration } from '../../parts/durations.ts'
import { Facts } from '../../parts/facts.tsx'
import { Section, Sections } from '../../parts/section.tsx'
import { Answer } from '../../parts/states.tsx'
import { useMe } from '../../shell/me.ts'
import { Effect } from './effect.tsx'
import classes from './policies.module.css'

const route = getRouteApi('/signed-in/policies')

/** What policy would say to somebody, and by which of its texts. `action` in the address is a type of action, or a statement. */
export function Explain() {
  const { user, resource, action } = route.useSearch()
  const me = useMe()
  return (
    <Sections>
      <Form key={`${user} ${resource} ${action}`} user={user ?? me.user} resource={resource ?? ''} action={action ?? ''} />
      {resource !== undefined && action !== undefined && <Explained user={user ?? me.user} resource={resource} action={action} />}
    </Sections>
  )
}

function Form(given: { readonly user: string; readonly resource: string; readonly action: string }) {
  const me = useMe()
  const navigate = route.useNavigate()
  const resources = useQuery(queries.resources)
  const isType = ActionType.safeParse(given.action).success
  const [user, setUser] = useState(given.user)
  const [resource, setResource] = useState(given.resource)
  const [type, setType] = useState(isType ? given.action : '')
  const [text, setText] = useState(isType ? '' : given.action)
  const names = [...new Set([...(resources.data ?? []).map(({ name }) => name), ...(given.resource === '' ? [] : [given.resource])])]
  const chosen = resource === '' ? (names[0] ?? '') : resource
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void navigate({ search: { show: 'explain', user: user.trim() || me.user, resource: chosen, action: type === '' ? text : type } })
  }
  return (
    <form className={classes.form} onSubmit={submit} aria-label="What is to be explained">
      <div className={classes.fields}>
        <TextInput label="Person" value={user} onChange={(event) => setUser(event.currentTarget.value)} disabled={!me.admin && !me.auditor} />
        <NativeSelect label="Resource" data={names} value={chosen} onChange={(event) => setResource(event.currentTarget.value)} />
        <NativeSelect
          label="Action"
          data={[{ value: '', label: 'a statement' }, ...ActionType.options]}
          value={type}
          onChange={(event) => setType(event.currentTarget.value)}
        />
      </div>
      {type === '' && (
        <Textarea
          label="Statement"
          description="It is judged, and nothing of it is run."
          classNames={{ input: classes.code ?? '' }}
          autosize
          minRows={3}
          maxRows={16}
          spellCheck={false}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      )}
      <div>
        <Button type="submit" disabled={chosen === '' || (type === '' && text.trim() === '')}>
          Explain
        </Button>
      </div>
    </form>
  )
}

interface Asked {
  readonly user: string
  readonly resource: string
  readonly action: string
}

function Explained(asked: Asked) {
  const explanation = useQuery({ queryKey: ['policy', 'explain', asked], queryFn: () => explain(asked), staleTime: 0 })
  return (
    <Answer query={explanation} what="Explanation">
      {({ decision, statements }) => (
        <>
          <Section title="Decision" framed>
            <Decided decision={decision} />
          </Section>
          {statements.map((statement, index) => (
            <Section key={index} title={statements.length > 1 ? `Statement ${index + 1}` : 'Why'} label={`Statement ${index + 1}`} framed>
              <Facts
                facts={[
                  ['action', <code key="type">{statement.type}</code>],
                  statement.because === null ? null : ['because', statement.because],
                  statements.length > 1 ? ['decision', <Effect key="effect" decision={statement.decision} />] : null,
                ]}
              />
              <Matched matched={statement.matched} deciding={statement.decision.policies} />
            </Section>
          ))}
        </>
      )}
    </Answer>
  )
}

function Decided({ decision }: { readonly decision: Explanation['decision'] }) {
  const { message, ceiling, expiresMs, reasonRequired, tickets, mask, sign, secret, personal } = decision
  return (
    <Facts
      facts={[
        ['effect', <Effect key="effect" decision={decision} />],
        message === null ? null : ['message', message],
        ceiling === null ? null : ['at most', ceiling.kind === 'duration' ? `this type of action for ${duration(ceiling.durationMs)}` : ceiling.kind],
        expiresMs === null ? null : ['expires', `a request after ${duration(expiresMs)}`],
        reasonRequired ? ['reason', 'required'] : null,
        tickets.length === 0 ? null : ['ticket', <code key="tickets">{tickets.join('  ')}</code>],
        sign ? ['signed', 'with a passkey'] : null,
        mask.length === 0 ? null : ['masked', mask.join(', ')],
        personal.length === 0 ? null : ['personal', personal.join(', ')],
        secret ? ['secret', 'the values of parameters are neither recorded nor shown'] : null,
      ]}
    />
  )
}

function Matched({ matched, deciding }: { readonly matched: Explanation['statements'][number]['matched']; readonly deciding: readonly string[] }) {
  if (matched.length === 0) return <p>No policy matches, and what no policy permits is denied.</p>
  return (
    <ul className={classes.matched} aria-label="Policies that match">
      {matched.map(({ id, effect, file, line }) => (
        <li key={id}>
          <Link to="/policies" search={{ policy: id }}>
            {id}
          </Link>{' '}
          <Dim as="span">
            {effect}, {file.split('/').at(-1)}:{line}
            {deciding.includes(id) ? ', decides' : ''}
          </Dim>
        </li>
      ))}
    </ul>
  )
}

function explain({ user, resource, action }: Asked): Promise<Explanation> {
  const type = ActionType.safeParse(action)
  return client.explain({ user, resource, ...(type.success ? { type: type.data } : { action }) })
}
