import { visible } from '@countersign/contract/visible'
import type { Report } from '@countersign/contract/schemas/report'
import { aboutOf, type EvidenceTable, tablesOf } from './evidence-table.ts'

const STYLE = `
  :root { color-scheme: light; font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff }
  body { max-width: 90rem; margin: 2rem auto; padding: 0 1.5rem }
  h1 { font-size: 1.6rem } h2 { margin-top: 2.5rem; font-size: 1.2rem }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem } dt { font-weight: 600 } dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap }
  table { width: 100%; border-collapse: collapse } caption { text-align: left; padding: .5rem 0; color: #444 }
  th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #bbb; overflow-wrap: anywhere }
  thead th { border-bottom: 2px solid #1a1a1a }
  @media print { body { margin: 0; max-width: none; font-size: 9pt } thead { display: table-header-group } tr { break-inside: avoid } h2 { break-after: avoid } @page { size: landscape } }
`

/** One page that needs nothing else: no script, nothing loaded, and readable on paper. Whatever people typed is text in it. */
export function evidenceHtml(report: Report): string {
  const about = aboutOf(report).map(([name, value]) => `    <dt>${safe(name)}</dt><dd>${lines(value)}</dd>\n`)
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
  <title>Access evidence, ${safe(report.from)} to ${safe(report.until)}</title>
  <style>${STYLE}</style>
</head>
<body>
<main>
  <h1>Access evidence</h1>
  <dl>
${about.join('')}  </dl>
${tablesOf(report).map(sectionOf).join('')}</main>
</body>
</html>
`
}

function sectionOf({ id, title, says, head, rows }: EvidenceTable): string {
  const heading = `  <section aria-labelledby="${id}">\n  <h2 id="${id}">${title}</h2>\n`
  if (rows.length === 0) return `${heading}  <p>${safe(says)} There is none.</p>\n  </section>\n`
  const columns = head.map((name) => `<th scope="col">${safe(name)}</th>`).join('')
  const body = rows.map(
    ([first = '', ...rest]) => `    <tr><th scope="row">${safe(first)}</th>${rest.map((value) => `<td>${safe(value)}</td>`).join('')}</tr>\n`,
  )
  return `${heading}  <table>\n    <caption>${safe(says)}</caption>\n    <thead><tr>${columns}</tr></thead>\n    <tbody>\n${body.join('')}    </tbody>\n  </table>\n  </section>\n`
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** What cannot be seen is shown as its escape, so that no name reads as another. */
const safe = (text: string): string => visible(text).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '')

/** A checkpoint is several lines. */
const lines = (text: string): string => text.split('\n').map(safe).join('\n')
