import { ExclamationTriangleIcon } from '@radix-ui/react-icons'
import type { Statement } from '@countersign/contract/schemas/action'
import type { Request } from '@countersign/contract/schemas/request'
import { Dim } from '../../parts/dim.tsx'
import { duration } from '../../parts/durations.ts'
import { ExactText } from '../../parts/exact-text.tsx'
import { Facts } from '../../parts/facts.tsx'
import { Section } from '../../parts/section.tsx'
import { Seen } from '../../parts/seen.tsx'
import { Parameters } from './parameters.tsx'
import classes from './request-view.module.css'
import { rowsInWords } from './rows.ts'

type ActionAsk = Extract<Request['ask'], { kind: 'action' }>

interface AskedProps {
  readonly request: Request
  readonly whole: boolean
  readonly onShowWhole: () => void
}

/** Who asks for what, why, and the exact bytes. */
export function Asked({ request, whole, onShowWhole }: AskedProps) {
  const { ask, requester, resource, reason, ticket, inTransaction } = request
  return (
    <Section label="What is asked">
      <p className={classes.asks}>
        <strong>{requester.id}</strong> asks {ask.kind === 'scope' ? <>for </> : <>to run </>}
        <strong>{ask.kind === 'scope' ? ask.scope : ask.type}</strong> on <strong>{resource}</strong>
        {ask.kind === 'scope' && <> for {duration(ask.durationMs)}</>}
      </p>
      {reason === null ? (
        <Dim>No reason was given.</Dim>
      ) : (
        <p className={classes.quote}>
          <Seen text={reason} />
        </p>
      )}
      {ticket !== null && ticket !== reason && (
        <p>
          Ticket <Seen text={ticket} />
        </p>
      )}
      {inTransaction && (
        <p className={classes.warning}>
          <ExclamationTriangleIcon /> Held inside an open transaction: its locks are held while it waits.
        </p>
      )}
      {ask.kind === 'action' && <AskedAction ask={ask} whole={whole} onShowWhole={onShowWhole} />}
    </Section>
  )
}

function AskedAction({ ask, whole, onShowWhole }: Pick<AskedProps, 'whole' | 'onShowWhole'> & { readonly ask: ActionAsk }) {
  const { text, parameters, statements, state, voided } = ask
  const several = statements.length > 1
  const tables = [...new Set(statements.flatMap((statement) => statement.tables))]
  return (
    <>
      {ask.pipeline && several ? (
        statements.map((statement, index) => (
          <ExactText key={index} text={statement.text} label={`Statement ${index + 1} of ${statements.length}`} whole={whole} onShowWhole={onShowWhole} />
        ))
      ) : (
        <ExactText text={text} label={several ? `${statements.length} statements, in this order` : 'Statement'} whole={whole} onShowWhole={onShowWhole} />
      )}
      {several ? <Statements statements={statements} /> : <Parameters parameters={parameters} />}
      {voided !== null && (
        <p className={classes.warning}>
          <ExclamationTriangleIcon />{' '}
          <span>
            Asked because an approval of its shape is void: <Seen text={voided} />
          </span>
        </p>
      )}
      <Facts
        facts={[
          tables.length > 0 ? ['touches', <Seen key="tables" text={tables.join(', ')} />] : null,
          statements.some(({ unbounded }) => unbounded) ? ['bounds', 'no WHERE that restricts it'] : null,
          state && ['database', <Seen key="database" text={state.database} />],
          state && ['as role', <Seen key="role" text={state.role} />],
          state && ['search_path', <Seen key="path" text={state.searchPath} />],
        ]}
      />
    </>
  )
}

/** Of several statements: what each of them is, and its own values. */
const Statements = ({ statements }: { readonly statements: readonly Statement[] }) => (
  <ol className={classes.list}>
    {statements.map(({ type, tables, impact, parameters }, index) => (
      <li key={index}>
        {index + 1}. <strong>{type}</strong>
        {tables.length > 0 && (
          <>
            {' '}
            on <Seen text={tables.join(', ')} />
          </>
        )}
        {impact && <>, {rowsInWords(impact)}</>}
        <Parameters parameters={parameters} />
      </li>
    ))}
  </ol>
)
