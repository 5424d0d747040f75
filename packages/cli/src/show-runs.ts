import type { RequestContext, Run } from '@countersign/contract/schemas/request-context'
import { visible } from '@countersign/contract/visible'
import { duration, moment } from './format.ts'

type After = Pick<RequestContext, 'runs' | 'opened'> & { readonly grants: readonly unknown[] }

const SHOWN = 5
/** As many are counted. */
const MOST = 10_000

/** What ran under the grants of a request and what it did, and the sessions that they opened: names and values, as `Output.fields` takes them. */
export function runFields({ grants, runs: { count, latest }, opened }: After): readonly (readonly [name: string, value: string])[] {
  const sessions = opened.map(({ id, startedAt, endedAt }) => `${id} at ${moment(startedAt)}${endedAt === null ? ', live' : `, ended ${moment(endedAt)}`}`)
  const ran = latest.slice(0, SHOWN).map(runLine)
  const lines = grants.length > 0 && (count > 0 || opened.length === 0) ? [timesOf(count, ran.length), ...ran] : []
  return [...named('opened', sessions), ...named('ran', lines)]
}

const named = (name: string, values: readonly string[]) => values.map((value, index) => [index === 0 ? name : '', value] as const)

function timesOf(count: number, shown: number): string {
  if (count === 0) return 'nothing so far'
  if (count === 1) return 'once'
  return `${count >= MOST ? `${MOST} times or more` : `${count} times`}${count > shown ? `; the newest ${shown}:` : ''}`
}

/** On one line, because what the target said is not trusted with a terminal. */
function runLine({ session, startedAt, result, summary, rows, ms, error, sealed, gateway }: Run): string {
  const said = error ?? (sealed ? `what the target said was erased, or is sealed at gateway ${gateway}` : null)
  const answer = [summary, rows !== null && !summary?.endsWith(` ${rows}`) ? `${rows} rows` : null, said].filter((part) => part !== null).join(', ')
  const took = ms === null ? '' : ms < 1_000 ? ` (${Math.round(ms)} ms)` : ` (${duration(ms)})`
  return visible(`${result}${answer === '' ? '' : `: ${answer}`}${took}, at ${moment(startedAt)} in ${session}`)
}
