import { DEFAULT_CHOICES } from '@countersign/core/notification'
import { expect, test } from 'vitest'
import { NOW } from '../../../../core/test/arbitraries.ts'
import type { Pair } from '../bed.ts'
import { aLogin, anInvite, aPasskey, aPerson, aSession, aToken } from '../values.ts'

const BROWSER = { p256dh: 'point', auth: 'secret', label: 'the laptop of Ann' }

/** What a store has of a person beside requests and grants. */
export function erasing(pair: () => Pair): void {
  test('of a person all but his name and what is bound to it, as far as it was there; and nothing of another', async () => {
    const { here, there } = pair()
    for (const user of ['ann', 'bob']) {
      for (const at of [NOW, NOW + 10]) {
        const id = `${user} ${at}`
        await here.logins.insert(aLogin({ id, user, createdAt: at }))
        await here.invites.insert(anInvite({ id, user, createdAt: at }))
        await here.passkeys.insert(aPasskey({ id, user, credential: id, name: 'telephone', createdAt: at }))
        await here.tokens.insert(aToken({ id, user, name: 'laptop', createdAt: at }))
        await here.notifications.subscribe({ ...BROWSER, id, user, endpoint: `https://push.example.com/${id}`, createdAt: at })
      }
      await here.notifications.choose(user, DEFAULT_CHOICES)
      await here.people.insert(
        aPerson({ id: user, name: user, externalId: user, groups: ['dba'], active: false, displayName: user, email: `${user}@example.com` }),
      )
    }
    const before = await rowsOf(pair(), 'bob')
    await there.erasures.erasePerson('ann', NOW)

    expect(await rowsOf(pair(), 'bob')).toEqual(before)
    const { people, choices, ...rows } = await rowsOf(pair(), 'ann')
    expect(rows).toEqual({
      logins: [`ann ${NOW + 10}`],
      invites: [`ann ${NOW + 10}`],
      subscriptions: [`ann ${NOW + 10}`],
      passkeys: [`ann ${NOW} erased`, `ann ${NOW + 10} telephone`],
      tokens: [`ann ${NOW} null`, `ann ${NOW + 10} laptop`],
    })
    expect(people).toEqual([aPerson({ id: 'ann', version: 2, name: 'ann', externalId: 'ann', groups: ['dba'], active: false, displayName: null, email: null })])
    expect(choices).toBeNull()
    await here.erasures.erasePerson('ann', NOW)
    expect((await here.people.get('ann'))?.version).toBe(2)
  })

  test('what the ledger is owed of him is there without what is his', async () => {
    const { here, there } = pair()
    const owed = ['ann', 'bob', null].map((person, at) => ({ id: String(at), gateway: 'gw-1', person, erased: false, sealed: 'AAAA' }))
    await here.sessions.insert(aSession())
    expect(await here.sessions.save(aSession({ version: 2 }), owed)).toBe(true)
    await here.erasures.erasePerson('ann', NOW)
    expect((await there.owed.of('gw-1')).map(({ person, erased }) => [person, erased])).toEqual([
      ['ann', true],
      ['bob', false],
      [null, false],
    ])
    await there.owed.settle(['0', '2'])
    expect((await here.owed.of('gw-1')).map(({ id }) => id)).toEqual(['1'])
    expect(await here.owed.of('gw-2')).toEqual([])
  })

  test('and every gateway hears of it', async () => {
    const { here, there } = pair()
    await here.logins.insert(aLogin({ id: 'login-1', user: 'ann' }))
    await here.passkeys.insert(aPasskey({ id: 'pk-1', user: 'ann' }))
    await here.people.insert(aPerson({ id: 'person-1', name: 'ann', email: 'ann@example.com' }))
    const heard: string[] = []
    there.subscribe((event) => {
      if (event.kind === 'resync') heard.push('resync')
      else if (event.inserted !== true) heard.push(`${event.kind} ${event.id}`)
    })
    await here.erasures.erasePerson('ann', Number.MAX_SAFE_INTEGER)
    await expect.poll(() => heard.toSorted()).toEqual(['login login-1', 'passkey pk-1', 'person person-1'])
  })
}

async function rowsOf({ here }: Pair, user: string) {
  const ids = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id).sort()
  const named = (rows: readonly { readonly id: string; readonly name: string | null }[]) => rows.map(({ id, name }) => `${id} ${name}`).sort()
  return {
    logins: ids(await here.logins.list({ user })),
    invites: ids((await here.invites.list()).filter((invite) => invite.user === user)),
    subscriptions: ids(await here.notifications.subscriptions(user)),
    passkeys: named(await here.passkeys.list({ user })),
    tokens: named(await here.tokens.list({ user })),
    people: await here.people.list({ name: user }),
    choices: await here.notifications.choices(user),
  }
}
