import { afterEach, expect, test, vi } from 'vitest'
import { keepStanding } from '../../src/session/standing.ts'
import type { LiveSession } from '../../src/session/session.ts'
import { aPerson } from '../store/values.ts'
import { ALICE, type Bed, openBed } from '../workflow/bed.ts'
import { type Made, openSession, servicesOf } from './services.ts'

let bed: Bed
let made: Made

const staff = '@id("staff") permit (principal in Group::"engineering", action, resource);'
const oncall = '@id("oncall") permit (principal in Group::"security", action, resource);'

async function begin(policy: string): Promise<LiveSession> {
  bed = await openBed(policy)
  await bed.context.directory.start()
  made = servicesOf(bed)
  keepStanding(made.services.context, made.registry)
  await bed.context.store.people.insert(inSecurity)
  await vi.waitFor(() => expect(bed.context.directory.user(ALICE.user)?.groups).toEqual(['engineering', 'security']))
  const session = await openSession(made, 'one')
  session.regroup(['engineering', 'security'])
  return session
}

afterEach(async () => {
  made.registry.close()
  bed.context.directory.close()
  await bed.close()
})

const people = () => bed.context.store.people
const inSecurity = aPerson({ name: ALICE.user, groups: ['security'] })

test('who is disabled is cut, and nobody else', async () => {
  const session = await begin(staff)
  await people().insert(aPerson({ id: 'bob', name: 'bob@example.com', source: 'scim', active: false }))
  await vi.waitFor(() => expect(bed.context.directory.user('bob@example.com')).toBeNull())
  expect(session.signal.aborted).toBe(false)
  await people().insert(aPerson({ id: 'alice', name: ALICE.user, source: 'local', active: false }))
  await vi.waitFor(() => expect(session.signal.reason).toMatchObject({ code: 'person', message: 'alice@example.com is disabled here, or unknown' }))
})

test('who has left a group is judged without it at the next action, on the connection that he has', async () => {
  const session = await begin(staff)
  await people().save({ ...inSecurity, version: 2, groups: [] })
  await vi.waitFor(() => expect(session.opened.principal.groups).toEqual(['engineering']))
  expect(session.signal.aborted).toBe(false)
})

test('who is left in no group that may connect is cut', async () => {
  const session = await begin(oncall)
  await people().save({ ...inSecurity, version: 2, groups: [] })
  await vi.waitFor(() =>
    expect(session.signal.reason).toMatchObject({ code: 'person', message: 'alice@example.com is no longer in a group that may connect to orders' }),
  )
})
