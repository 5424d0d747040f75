import { Alert, Button } from '@mantine/core'
import { CrossCircledIcon } from '@radix-ui/react-icons'
import { Dim } from '../../parts/dim.tsx'
import { Seen } from '../../parts/seen.tsx'
import { placeOf } from './position.ts'
import classes from './query.module.css'
import type { Failure } from './run.ts'

interface FailedStatementProps {
  readonly failure: Failure
  readonly text: string
  readonly offset: number | null
  readonly onGoTo: (offset: number) => void
}

/** Why a statement failed or was refused, and where. */
export function FailedStatement({ failure: { code, message, detail, hint }, text, offset, onGoTo }: FailedStatementProps) {
  return (
    <Alert role="alert" color="red" variant="outline" icon={<CrossCircledIcon />} title={<Seen text={message} />} className={classes.failed}>
      {detail !== null && (
        <p>
          <Seen text={detail} />
        </p>
      )}
      {hint !== null && (
        <p>
          <Seen text={hint} />
        </p>
      )}
      <div className={classes.foot}>
        <Dim as="span">
          SQLSTATE <code>{code}</code>
        </Dim>
        {offset !== null && <Place {...placeOf(text, offset)} onGoTo={() => onGoTo(offset)} />}
      </div>
    </Alert>
  )
}

const Place = ({ line, character, onGoTo }: ReturnType<typeof placeOf> & { readonly onGoTo: () => void }) => (
  <Button size="compact-xs" variant="default" onClick={onGoTo}>
    Line {line}, character {character}
  </Button>
)
