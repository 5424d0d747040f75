import { routes } from '@countersign/contract/routes'
import { WorkflowError } from '../../workflow/workflow.ts'
import type { Caller } from '../../identity/caller.ts'
import type { App } from '../env.ts'
import { presentInvite, presentPasskey, presentPerson } from '../present-people.ts'
import type { ApiServices } from '../services.ts'
import { signIn } from './passkeys.ts'
import { durationMs } from './requests.ts'

/** Who there is, and who is invited. */
export function mountPeople(app: App, services: ApiServices): void {
  const { people, invites, passkeys } = services

  const person = async (caller: Caller, name: string) => {
    const found = people.list(caller).find((user) => user.name === name)
    if (!found) throw new WorkflowError('not-found', `there is nobody called ${name}`)
    return presentPerson(found, people.said(caller, name), await passkeys.list(caller, { user: name, status: 'active' }))
  }

  app.openapi(routes.people, async (c) => {
    const caller = c.get('caller')
    const everybody = people.list(caller)
    const counting = await passkeys.list(caller, { user: null, status: 'active' })
    return c.json(
      everybody.map((user) => presentPerson(user, people.said(caller, user.name), counting)),
      200,
    )
  })

  app.openapi(routes.disablePerson, async (c) => {
    const { name } = c.req.valid('param')
    await people.disable(c.get('caller'), name)
    return c.json(await person(c.get('caller'), name), 200)
  })

  app.openapi(routes.enablePerson, async (c) => {
    const { name } = c.req.valid('param')
    await people.enable(c.get('caller'), name)
    return c.json(await person(c.get('caller'), name), 200)
  })

  app.openapi(routes.invite, async (c) => {
    const { user, groups, admin, for: life } = c.req.valid('json')
    const invitation = { user, groups: groups ?? null, admin: admin ?? null, ttlMs: life === undefined ? null : durationMs(life) }
    const { record, link } = await invites.create(c.get('caller'), invitation)
    return c.json({ ...presentInvite(record), link }, 200)
  })

  app.openapi(routes.invites, async (c) => c.json((await invites.list(c.get('caller'))).map(presentInvite), 200))

  app.openapi(routes.revokeInvite, async (c) => c.json(presentInvite(await invites.revoke(c.get('caller'), c.req.valid('param').id)), 200))

  app.openapi(routes.enrolOptions, async (c) => {
    const { invite, options } = await invites.options(c.req.valid('json').secret)
    return c.json({ user: invite.user, expiresAt: new Date(invite.expiresAt).toISOString(), options }, 200)
  })

  app.openapi(routes.enrol, async (c) => {
    const { secret, name, credential } = c.req.valid('json')
    const passkey = await invites.enrol(secret, name, credential)
    const signedIn = passkey.status === 'active'
    if (signedIn) await signIn(services, c, passkey.user)
    return c.json({ passkey: presentPasskey(passkey, { waits: passkeys.isAsked(passkey), reviewable: false }), signedIn }, 200)
  })
}
