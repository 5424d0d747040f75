import { expect, test } from 'vitest'
import { NOW } from '../../../../core/test/arbitraries.ts'
import type { DeviceRecord, ScimGroupRecord } from '../../../src/store/store.ts'
import type { Pair } from '../bed.ts'

const device = (over: Partial<DeviceRecord> = {}): DeviceRecord => ({
  id: 'dev-1',
  version: 1,
  hash: `hash of ${over.id ?? 'dev-1'}`,
  userCode: `CODE ${over.id ?? 'dev-1'}`,
  client: 'countersign',
  host: 'laptop-7',
  address: '10.0.0.7',
  createdAt: NOW,
  expiresAt: NOW + 600_000,
  state: 'pending',
  by: null,
  polledAt: null,
  intervalMs: 5_000,
  ...over,
})

/** Command lines that wait to be signed in. */
export function devices(pair: () => Pair): void {
  test('finds one by either of its codes, and remembers its polls beside its decision', async () => {
    const { here, there } = pair()
    expect(await here.devices.insert(device(), 10)).toBe(true)
    expect(await there.devices.find({ userCode: 'CODE dev-1' })).toEqual(device())
    await there.devices.polled('dev-1', NOW + 1, 10_000)
    const confirmed = device({ version: 2, state: 'confirmed', by: { user: 'bob', mayReview: true, proven: true } })
    expect(await here.devices.save(confirmed)).toBe(true)
    expect(await there.devices.find({ hash: 'hash of dev-1' })).toEqual({ ...confirmed, polledAt: NOW + 1, intervalMs: 10_000 })
    expect(await here.devices.find({ userCode: 'another' })).toBeNull()
  })

  test('forgets those that somebody has confirmed when all his tokens are revoked', async () => {
    const { here, there } = pair()
    const by = (user: string) => ({ user, mayReview: true, proven: true })
    await here.devices.insert(device({ id: 'his', state: 'confirmed', by: by('bob') }), 10)
    await here.devices.insert(device({ id: 'refused', state: 'refused', by: by('bob') }), 10)
    await here.devices.insert(device({ id: 'hers', state: 'confirmed', by: by('alice') }), 10)
    await here.devices.insert(device({ id: 'nobodys' }), 10)
    await here.tokens.revokeAll('bob', NOW)
    expect(await there.devices.find({ hash: 'hash of his' })).toBeNull()
    for (const left of ['refused', 'hers', 'nobodys']) expect(await there.devices.find({ hash: `hash of ${left}` })).not.toBeNull()
  })

  test('lets one of many decide, and lets no more wait than may, nor two with one code', async () => {
    const { here, there } = pair()
    await here.devices.insert(device(), 2)
    const decided = await Promise.all([here, there].map((store) => store.devices.save(device({ version: 2, state: 'used' }))))
    expect(decided.filter(Boolean)).toHaveLength(1)
    expect(await there.devices.insert(device({ id: 'dev-2', userCode: 'CODE dev-1' }), 2)).toBe(false)
    expect(await there.devices.insert(device({ id: 'dev-3' }), 2)).toBe(true)
    expect(await here.devices.insert(device({ id: 'dev-4' }), 2)).toBe(false)
    expect(await here.devices.insert(device({ id: 'dev-5', createdAt: NOW + 600_000, expiresAt: NOW + 1_200_000 }), 2)).toBe(true)
    await here.devices.forget(NOW + 600_001)
    expect(await there.devices.find({ hash: 'hash of dev-3' })).toBeNull()
    expect(await there.devices.find({ hash: 'hash of dev-5' })).not.toBeNull()
  })
}

const group = (over: Partial<ScimGroupRecord> = {}): ScimGroupRecord => ({
  id: 'group-1',
  version: 1,
  name: 'dba',
  externalId: null,
  createdAt: NOW,
  updatedAt: NOW,
  ...over,
})

/** Groups of a directory. */
export function scimGroups(pair: () => Pair): void {
  test('has one of a name, and lets one of many change it', async () => {
    const { here, there } = pair()
    expect(await here.scimGroups.insert(group())).toBe(true)
    expect(await there.scimGroups.insert(group({ id: 'group-2' }))).toBe(false)
    expect(await there.scimGroups.insert(group({ id: 'group-3', name: 'audit' }))).toBe(true)
    expect(await there.scimGroups.save(group({ version: 2, name: 'audit' }))).toBe(false)
    const saved = await Promise.all([here, there].map((store) => store.scimGroups.save(group({ version: 2, name: 'security' }))))
    expect(saved.filter(Boolean)).toHaveLength(1)
    expect((await here.scimGroups.list()).map(({ name }) => name)).toEqual(['audit', 'security'])
    await there.scimGroups.remove('group-1')
    expect(await here.scimGroups.get('group-1')).toBeNull()
  })
}
