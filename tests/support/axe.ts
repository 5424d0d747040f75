import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'

const AXE = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

interface AxeResults {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[] }[]
}

/** What axe finds wrong with a page as it is now, each rule with where. It is put in by the browser's debugger, which the page's own policy does not bind. */
export async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE)
  const { violations: found } = await page.evaluate<AxeResults>('axe.run(document, { resultTypes: ["violations"] })')
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary = '' }) => `${html}\n${failureSummary}`).join('\n')}`)
}
