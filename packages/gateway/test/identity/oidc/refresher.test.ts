import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Logins } from '../../../src/identity/logins.ts'
import { Refresher } from '../../../src/identity/oidc/refresher.ts'
import { RefreshTokens } from '../../../src/identity/oidc/refresh-tokens.ts'
import { OidcSignIn } from '../../../src/identity/oidc/sign-in.ts'
import { People } from '../../../src/identity/people.ts'
import { type Bed, openBed } from '../../workflow/bed.ts'

const ALICE = 'alice@example.com'
const WEEK = 7 * 86_400_000 // `login.max`

let bed: Bed
let folder: string
beforeEach(async () => {
  bed = await openBed()
  folder = mkdtempSync(join(tmpdir(), 'countersign-refresher-'))
})
afterEach(async () => {
  await bed.close()
  rmSync(folder, { recursive: true })
})

test('a refresh token is deleted when nothing is believed any more of what came with it, and its person is not here', async () => {
  const { clock } = bed
  const { store, directory, journal, config } = bed.context
  const tokens = new RefreshTokens(folder)
  const log = pino({ level: 'silent' })
  const people = new People({ store: store.people, journal, clock })
  const logins = new Logins({ directory, store: store.logins, journal, clock, config })
  const signIn = new OidcSignIn({ config, directory, people, logins, leaving: { forget: () => Promise.resolve() }, tokens, clock, log })
  const refresher = new Refresher({ config, store, signIn, people, logins, tokens, clock, log })
  const held = { person: 'person-1', user: ALICE, issuer: 'corp', subject: 'sub', flow: 'flow', token: 'canary-refresh-token', checkedAt: clock.now() }
  tokens.keep(held)
  clock.pass(WEEK - 1)
  refresher.start()
  await sleep(1_500) // it looks every second
  expect(readdirSync(join(folder, 'refresh'))).toHaveLength(1)
  clock.pass(1)
  await expect.poll(() => readdirSync(join(folder, 'refresh')), { timeout: 5_000 }).toEqual([])
  await refresher.stop()
})
