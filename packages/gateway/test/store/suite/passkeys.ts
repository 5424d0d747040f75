import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyInvite, anyPasskey } from '../arbitraries.ts'
import type { Pair } from '../bed.ts'
import { NOW } from '../../../../core/test/arbitraries.ts'
import { anInvite, aPasskey } from '../values.ts'

export function passkeys(pair: () => Pair): void {
  test('any passkey, as inserted and as saved by one of two', async () => {
    const { here, there } = pair()
    const property = fc.asyncProperty(anyPasskey, anyPasskey, async (passkey, later) => {
      if (!(await here.passkeys.insert(passkey))) return
      expect(await there.passkeys.get(passkey.id)).toEqual(passkey)
      expect(await there.passkeys.findByCredential(passkey.credential)).toEqual(passkey)
      const { id, credential, version } = passkey
      const next = { ...later, id, credential, version: version + 1 }
      expect((await Promise.all([here.passkeys.save(next), there.passkeys.save(next)])).filter(Boolean)).toEqual([true])
      expect(await here.passkeys.get(id)).toEqual(next)
    })
    await fc.assert(property, { numRuns: 30 })
  })

  test('one of a credential, whoever enrols it', async () => {
    const { here, there } = pair()
    expect(await here.passkeys.insert(aPasskey({ id: 'pk-1', credential: 'the same' }))).toBe(true)
    expect(await there.passkeys.insert(aPasskey({ id: 'pk-2', credential: 'the same', user: 'mallory@example.com' }))).toBe(false)
    expect(await there.passkeys.get('pk-2')).toBeNull()
  })

  test('lists those of a person, and those in a state, newest first', async () => {
    const { here, there } = pair()
    await here.passkeys.insert(aPasskey({ id: 'pk-old', createdAt: NOW }))
    await here.passkeys.insert(aPasskey({ id: 'pk-new', createdAt: NOW + 1, status: 'waiting' }))
    await here.passkeys.insert(aPasskey({ id: 'pk-other', createdAt: NOW + 2, user: 'carol@example.com' }))
    const ids = async (filter: Parameters<typeof there.passkeys.list>[0]) => (await there.passkeys.list(filter)).map(({ id }) => id)
    expect(await ids({})).toEqual(['pk-other', 'pk-new', 'pk-old'])
    expect(await ids({ user: aPasskey().user })).toEqual(['pk-new', 'pk-old'])
    expect(await ids({ status: 'waiting' })).toEqual(['pk-new'])
  })

  test('any invitation, by the hash of its secret; one of two uses it', async () => {
    const { here, there } = pair()
    const property = fc.asyncProperty(anyInvite, async (invite) => {
      if ((await here.invites.get(invite.id)) || (await here.invites.findByHash(invite.hash))) return
      await here.invites.insert(invite)
      expect(await there.invites.findByHash(invite.hash)).toEqual(invite)
      const used = { ...invite, version: invite.version + 1, usedAt: NOW }
      expect((await Promise.all([here.invites.save(used), there.invites.save(used)])).filter(Boolean)).toEqual([true])
      expect(await there.invites.get(invite.id)).toEqual(used)
    })
    await fc.assert(property, { numRuns: 30 })
    await here.invites.insert(anInvite({ id: 'inv-last', createdAt: Number.MAX_SAFE_INTEGER }))
    expect((await there.invites.list())[0]?.id).toBe('inv-last')
  })

  test('of invitations forgets those that have been over for a while', async () => {
    const { here, there } = pair()
    const [old, over] = [{ createdAt: NOW, expiresAt: NOW + 100 }, NOW + 5]
    await here.invites.insert(anInvite({ ...old, id: 'open', hash: '1' }))
    await here.invites.insert(anInvite({ ...old, id: 'used', hash: '2', usedAt: over }))
    await here.invites.insert(anInvite({ ...old, id: 'revoked', hash: '3', revokedAt: over }))
    await here.invites.insert(anInvite({ ...old, id: 'used later', hash: '4', usedAt: over + 5 }))
    const left = async (before: number) => {
      await there.invites.forget(before)
      return (await here.invites.list()).map(({ id }) => id).sort()
    }
    expect(await left(over)).toEqual(['open', 'revoked', 'used', 'used later'])
    expect(await left(over + 1)).toEqual(['open', 'used later'])
    expect(await left(NOW + 101)).toEqual([])
  })

  test('a challenge is answered once, and forgotten when it is over', async () => {
    const { here, there } = pair()
    const one = { hash: 'one', expiresAt: NOW + 10 }
    const spent = await Promise.all([here, there].map((store) => store.challenges.spend(one)))
    expect(spent.filter(Boolean)).toEqual([true])
    await here.challenges.forget(NOW + 10)
    expect(await there.challenges.spend(one)).toBe(false)
    await here.challenges.forget(NOW + 11)
    expect(await there.challenges.spend(one)).toBe(true)
  })

  test('one key for the challenges of all gateways', async () => {
    const { here, there } = pair()
    const keys = await Promise.all([here.challenges.key('one'), there.challenges.key('two')])
    expect(new Set(keys).size).toBe(1)
    expect(await here.challenges.key('three')).toBe(keys[0])
  })

  test('every gateway is told of a passkey that was changed', async () => {
    const { here, there } = pair()
    const heard: string[] = []
    there.subscribe((event) => heard.push(event.kind === 'resync' ? 'resync' : `${event.kind} ${event.id}`))
    await here.passkeys.insert(aPasskey())
    await here.passkeys.save(aPasskey({ version: 2, status: 'removed' }))
    await here.passkeys.save(aPasskey({ version: 2 }))
    await expect.poll(() => heard).toEqual(['passkey pk-1', 'passkey pk-1'])
  })
}
