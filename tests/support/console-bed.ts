import type { Browser } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { BROWSER_MS, openBrowser } from './browser.ts'
import { openStage, type Stage, type StageOptions } from './stage.ts'

/** Engineers read by themselves, and what they write waits for one of dba. */
const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") @grants("30m") @expires("5m") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`

export interface ConsoleBed {
  readonly browser: Browser
  readonly stage: Stage
}

/** A browser and a stage for the tests of one `describe`: there before the first of them, closed after the last. */
export function consoleBed(options: Partial<StageOptions> = {}): ConsoleBed {
  let browser: Browser | undefined
  let stage: Stage | undefined
  beforeAll(async () => {
    browser = await openBrowser() // builds the console, which the gateway reads when it starts
    stage = await openStage({ policy: POLICY, ...options })
  }, 2 * BROWSER_MS)
  afterAll(async () => {
    await browser?.close()
    await stage?.close()
  })
  return {
    get browser() {
      if (!browser) throw new Error('the browser is not open yet')
      return browser
    },
    get stage() {
      if (!stage) throw new Error('the stage is not open yet')
      return stage
    },
  }
}
