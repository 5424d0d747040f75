import { Button } from '@mantine/core'
import { PlayIcon } from '@radix-ui/react-icons'
import { useState } from 'react'
import { Dim } from '../../parts/dim.tsx'
import { Section } from '../../parts/section.tsx'
import { View, Views } from '../../parts/views.tsx'
import { Statements } from './statements.tsx'
import { Terminal } from './terminal.tsx'

interface ReplayProps {
  readonly id: string
  readonly as: 'statements' | 'terminal'
}

/** A session that is over, played as it was. Reading a recording is an entry in the ledger, so it begins when somebody says so. */
export function Replay({ id, as }: ReplayProps) {
  const [on, setOn] = useState(false)
  return (
    <Section
      title="Recording"
      aside={
        !on && (
          <Button size="xs" leftSection={<PlayIcon />} onClick={() => setOn(true)}>
            Open it
          </Button>
        )
      }
      roomy
    >
      <Views label="How it is shown">
        <View to="/sessions/$id" params={{ id }} shown={as === 'statements'}>
          Statements
        </View>
        <View to="/sessions/$id/terminal" params={{ id }} shown={as === 'terminal'}>
          Terminal
        </View>
      </Views>
      {!on && <Dim>What was done in it, as it was done. That you read it is an entry in the ledger.</Dim>}
      {on && (as === 'terminal' ? <Terminal id={id} /> : <Statements id={id} />)}
    </Section>
  )
}
