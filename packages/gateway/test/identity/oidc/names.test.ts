import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Desk } from '../../../src/identity/desk.ts'
import { Leaving } from '../../../src/identity/leaving.ts'
import { Logins } from '../../../src/identity/logins.ts'
import { Issuer } from '../../../src/identity/oidc/issuer.ts'
import { RefreshTokens } from '../../../src/identity/oidc/refresh-tokens.ts'
import { OidcSignIn } from '../../../src/identity/oidc/sign-in.ts'
import { People } from '../../../src/identity/people.ts'
import { Tokens } from '../../../src/identity/tokens.ts'
import { LeftPasskeys } from '../../../src/passkeys/left-passkeys.ts'
import { OpenInvites } from '../../../src/passkeys/open-invites.ts'
import { aPasskey } from '../../store/values.ts'
import { type Bed, openBed } from '../../workflow/bed.ts'

const issuerOf = (name: string) =>
  new Issuer(
    {
      name,
      title: name,
      issuer: 'https://login.example.com',
      clientId: 'countersign',
      clientSecret: { env: 'SECRET' },
      scopes: ['openid'],
      userClaim: 'email',
      groupsClaim: 'groups',
      adminGroups: [],
      auditorGroups: [],
    },
    () => '',
  )
const CORP = issuerOf('corp')
const said = (subject: string, name: string) => ({ subject, name, groups: ['dba'], admin: false, auditor: false, displayName: null, email: null })

let bed: Bed
let folder: string
let signIn: OidcSignIn
let tokens: Tokens
beforeEach(async () => {
  bed = await openBed()
  folder = mkdtempSync(join(tmpdir(), 'countersign-names-'))
  const { context, clock } = bed
  const { store, directory, journal, config } = context
  await directory.start()
  tokens = new Tokens(directory, store.tokens, () => clock.now())
  const desk = new Desk(tokens, store.tokens, context, [])
  const logins = new Logins({ directory, store: store.logins, journal, clock, config })
  const leaving = new Leaving({
    context,
    desk,
    logins,
    invites: new OpenInvites({ store, journal, clock }),
    passkeys: new LeftPasskeys({ store, journal, clock }),
  })
  const people = new People({ store: store.people, journal, clock })
  signIn = new OidcSignIn({ config, directory, people, logins, leaving, tokens: new RefreshTokens(folder), clock, log: pino({ level: 'silent' }) })
})
afterEach(async () => {
  bed.context.directory.close()
  await bed.close()
  rmSync(folder, { recursive: true })
})

async function record(issuer: Issuer, subject: string, name: string) {
  const person = await signIn.record(issuer, said(subject, name))
  if (person) await bed.context.directory.learn(person.id)
  return person
}

test('nobody is two people by writing his name in capitals: neither a user of the configuration, nor one of another issuer, nor another one of the same', async () => {
  expect(await record(CORP, 's-1', 'Alice@Example.com')).toBeNull()
  expect(await record(CORP, 's-2', 'ann@example.com')).toMatchObject({ name: 'ann@example.com' })
  expect(await record(issuerOf('other'), 's-2', 'Ann@example.com')).toBeNull()
  expect(await record(CORP, 's-3', 'ANN@example.com')).toBeNull()
  const names = bed.context.directory.users().map(({ name }) => name.toLowerCase())
  expect(names).toHaveLength(new Set(names).size)
})

test('whose issuer comes to write his name otherwise is still himself', async () => {
  await record(CORP, 's-1', 'ann@example.com')
  expect(await record(CORP, 's-1', 'Ann@example.com')).toMatchObject({ name: 'Ann@example.com' })
  expect(await record(CORP, 's-1', 'ann@example.com')).toMatchObject({ name: 'ann@example.com' })
})

test('who gets a name that somebody had before him at the issuer gets nothing of what that one had under it', async () => {
  await record(CORP, 's-1', 'ann@example.com')
  const wish = { user: 'ann@example.com', agent: null, name: null, scope: null, mayReview: true, ttlMs: null }
  const { token } = await tokens.create(wish, { user: 'ann@example.com', proven: true })
  await bed.context.store.passkeys.insert(aPasskey({ user: 'ann@example.com' }))
  await record(CORP, 's-1', 'ann.smith@example.com') // she has married
  expect(await tokens.callerForSecret(token)).toBeNull()
  await record(CORP, 's-2', 'ann@example.com') // and somebody new has her address
  expect(await tokens.callerForSecret(token)).toBeNull()
  expect(await bed.context.store.passkeys.get('pk-1')).toMatchObject({ status: 'removed', entries: [{}, {}] })
  expect(await bed.entries()).toContainEqual({ type: 'passkey.removed', body: { passkey: 'pk-1', user: 'ann@example.com', waits: false, by: 'oidc:corp' } })
})
