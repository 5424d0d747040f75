import { NativeSelect, Radio, Stack, TextInput } from '@mantine/core'
import type { Request } from '@countersign/contract/schemas/request'
import type { ChangeEvent } from 'react'
import { duration } from '../../parts/durations.ts'
import { type Choice, timesFor, widths } from './given.ts'
import classes from './request-view.module.css'

interface GivenChoiceProps {
  readonly request: Request
  readonly choice: Choice
  readonly onChoose: (choice: Choice) => void
}

/** How wide an approval is. Where policy leaves nothing to choose, nothing is offered. */
export function GivenChoice({ request, choice, onChoose }: GivenChoiceProps) {
  const offered = widths(request)
  const { ask } = request
  if (ask.kind === 'scope') return choice.width === 'time' ? <Time request={request} label="For how long" ms={choice.ms} onChoose={onChoose} /> : null
  if (offered.length === 1) return <p>It may run once, exactly as it stands here.</p>
  return (
    <Radio.Group label="What you give" value={choice.width} onChange={(width) => onChoose(startOf(width, request))}>
      <Stack gap="xs" mt={4}>
        <Radio value="once" label="Exactly this, once" />
        {offered.includes('shape') && <Radio value="shape" label="This statement with other values" />}
        {choice.width === 'shape' && <Bounds request={request} choice={choice} onChoose={onChoose} />}
        {offered.includes('time') && <Radio value="time" label={`Any ${ask.type} on ${request.resource} for a while`} />}
        {choice.width === 'time' && <Time request={request} label="For how long" ms={choice.ms} onChoose={onChoose} />}
      </Stack>
    </Radio.Group>
  )
}

/** The narrowest of a width: no more rows than it would change now. */
function startOf(width: string, request: Request): Choice {
  if (width === 'shape') return { width, maxRows: request.ask.kind === 'action' ? (request.ask.impact?.rows ?? null) : null, uses: null, ms: null }
  const [shortest = 0] = timesFor(request)
  return width === 'time' ? { width, ms: shortest } : { width: 'once' }
}

const Time = ({ request, label, ms, onChoose }: Pick<GivenChoiceProps, 'request' | 'onChoose'> & { readonly label: string; readonly ms: number }) => (
  <NativeSelect
    label={label}
    value={String(ms)}
    data={timesFor(request).map((each) => ({ value: String(each), label: duration(each) }))}
    onChange={(event) => onChoose({ width: 'time', ms: Number(event.currentTarget.value) })}
  />
)

function Bounds({ request, choice, onChoose }: GivenChoiceProps & { readonly choice: Extract<Choice, { width: 'shape' }> }) {
  const number = ({ currentTarget: { value, validity } }: ChangeEvent<HTMLInputElement>) => (value === '' || !validity.valid ? null : Number(value))
  return (
    <div className={classes.bounds}>
      <TextInput
        type="number"
        label="Rows at most"
        placeholder="any"
        min={0}
        value={choice.maxRows ?? ''}
        onChange={(event) => onChoose({ ...choice, maxRows: number(event) })}
      />
      <TextInput
        type="number"
        label="Uses"
        placeholder="any"
        min={1}
        max={1_000_000}
        value={choice.uses ?? ''}
        onChange={(event) => onChoose({ ...choice, uses: number(event) })}
      />
      <NativeSelect
        label="Time"
        value={choice.ms === null ? '' : String(choice.ms)}
        data={[{ value: '', label: 'longest' }, ...timesFor(request).map((each) => ({ value: String(each), label: duration(each) }))]}
        onChange={(event) => onChoose({ ...choice, ms: event.currentTarget.value === '' ? null : Number(event.currentTarget.value) })}
      />
    </div>
  )
}
