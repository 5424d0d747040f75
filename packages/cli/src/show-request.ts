import type { Impact, Statement } from '@countersign/contract/schemas/action'
import type { Given, Request, Review } from '@countersign/contract/schemas/request'
import { visible, visibleLines } from '@countersign/contract/visible'
import { countdown, duration, moment } from './format.ts'
import type { Output } from './output.ts'
import { rowsLine, showStatements, valueLine } from './show-statements.ts'

/** Everything a reviewer needs, with `more` of it. The action comes last and is numbered, so that no text above or inside it can pass for it. */
export function showRequest(out: Output, request: Request, more: readonly (readonly [name: string, value: string])[] = []): void {
  out.fields([
    ['request', request.id],
    ['status', request.status],
    ['requester', request.requester.id],
    ['resource', request.resource],
    ['reason', request.reason ?? 'none given'],
    ...(request.ticket === null ? [] : [['ticket', request.ticket] as const]),
    ['policies', request.policies.join(', ')],
    ['needs', needs(request)],
    ['at most', ceiling(request)],
    [
      request.status === 'pending' ? 'expires' : 'decided',
      request.status === 'pending' ? countdown(request.expiresAt) : moment(request.decidedAt ?? request.expiresAt),
    ],
    ['link', request.link],
    ...request.reviews.map((review, index) => [index === 0 ? 'reviews' : '', reviewLine(review)] as const),
    ...(request.inTransaction ? [['beware', 'held inside an open transaction: its locks are held while it waits'] as const] : []),
    ...more,
  ])
  out.line()
  showAsk(out, request)
}

function showAsk(out: Output, { ask, ceiling: most }: Request): void {
  if (ask.kind === 'scope') return out.line(`asks for ${out.colors.bold(ask.scope)} for ${duration(ask.durationMs)}`)
  const several = ask.statements.length > 1
  out.line(several ? `asks to run once, in this order, ${ask.statements.length} statements (${ask.type}):` : `asks to run once (${ask.type}):`)
  if (several) showStatements(out, ask.statements)
  else showText(out, ask.text)
  ask.parameters.forEach((parameter, index) => out.line(`  ${valueLine(parameter, index)}`))
  showTables(out, ask.statements)
  if (ask.impact) showImpact(out, ask.impact)
  if (ask.definition !== null && most.kind !== 'once') out.line(`  its shape: ${shapeLine(ask)}, where ${whatDiffers(ask)}`)
  if (ask.voided !== null) out.line(`  asked because an approval of its shape is void: ${visible(ask.voided)}`)
  if (ask.state) out.line(out.colors.dim(visible(`in database ${ask.state.database} as ${ask.state.role}, search_path ${ask.state.searchPath}`)))
}

function showText(out: Output, text: string): void {
  const lines = visibleLines(text)
  const width = String(lines.length).length
  lines.forEach((line, index) => out.line(`  ${out.colors.dim(`${String(index + 1).padStart(width)} |`)} ${out.colors.bold(line)}`))
}

function showTables(out: Output, statements: readonly Statement[]): void {
  const tables = [...new Set(statements.flatMap((statement) => statement.tables))]
  if (tables.length > 0) out.line(`  touches ${visible(tables.join(', '))}`)
}

/** Names come from the target, which is not trusted with a terminal. */
function showImpact(out: Output, { uniqueKey, triggers, cascades, sets, where, locks, waiting, ...impact }: Impact): void {
  const tell = (what: string, names: readonly string[] | null) => {
    if (names !== null && names.length > 0) out.line(`  ${what} ${visible(names.join(', '))}`)
  }
  out.line(`  ${visible(rowsLine(impact))}${uniqueKey ? ', named by a unique key' : ''}`)
  tell('sets', sets?.map((column) => (column === '*' ? 'all columns' : column)) ?? null)
  tell('by', where)
  if (triggers === null || cascades === null) out.line('  triggers and cascades not known')
  tell('fires', triggers)
  tell('also changes', cascades)
  if (locks === null) out.line('  locks not known')
  for (const lock of locks ?? []) out.line(`  holds ${visible(lock)}`)
  for (const who of waiting ?? []) out.line(`  ${visible(who)}`)
}

function needs({ needs: { text, missing }, status }: Request): string {
  return status === 'pending' && missing !== null && missing !== text ? `${text}; still ${missing}` : text || 'nothing'
}

function ceiling({ ceiling }: Request): string {
  switch (ceiling.kind) {
    case 'once':
      return 'this action, once'
    case 'shape':
      return 'this statement with other values (--shape)'
    case 'duration':
      return `this type of action for ${duration(ceiling.durationMs)} (--for)`
  }
}

/** The text on one line, what may differ between « and »; such signs of its own are escaped. */
export function shapeLine({ text, differs }: Pick<Extract<Request['ask'], { kind: 'action' }>, 'text' | 'differs'>): string {
  const plain = (part: string) => visible(part).replaceAll('«', '\\u00ab').replaceAll('»', '\\u00bb')
  let shown = ''
  let at = 0
  for (const { from, to } of differs ?? []) {
    shown += `${plain(text.slice(at, from))}«${plain(text.slice(from, to))}»`
    at = to
  }
  return shown + plain(text.slice(at))
}

function whatDiffers({ differs, parameters }: Extract<Request['ask'], { kind: 'action' }>): string {
  const what = [...((differs ?? []).length > 0 ? ['what stands in « »'] : []), ...(parameters.length > 0 ? ['the values of parameters'] : [])]
  return what.length > 0 ? `${what.join(' and ')} may differ` : 'nothing may differ'
}

function bounds({ maxRows, uses, durationMs, until }: Extract<Given, { kind: 'shape' }>): string {
  return [
    maxRows === null ? '' : `, ${maxRows} ${maxRows === 1 ? 'row' : 'rows'} at most`,
    uses === null ? '' : `, ${uses} ${uses === 1 ? 'use' : 'uses'}`,
    durationMs === null ? '' : `, for ${duration(durationMs)}`,
    until === null ? '' : `, until ${moment(until)}`,
  ].join('')
}

function reviewLine({ reviewer, verdict, comment, given, unproven, signature, lapsed, at }: Review): string {
  const wide = given === null || given.kind === 'once' ? '' : given.kind === 'shape' ? ` (shape${bounds(given)})` : ` (for ${duration(given.durationMs)})`
  return `${verdict === 'approve' ? 'approved' : 'denied'}${wide} by ${reviewer.id}${lapsed ? ' (does not count: he was disabled, or left the group)' : ''}${unproven ? ' (unproven)' : ''}${signature ? `, signed with ${signature.passkey},` : ''} at ${moment(at)}${comment === null ? '' : `: "${comment}"`}`
}
