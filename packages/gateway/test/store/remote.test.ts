import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { aGrant } from '../../../core/test/arbitraries.ts'
import { openLedger, openStore, openTree } from '../../src/store/open.ts'
import { type RemoteStore, remoteStore } from '../../src/store/remote/client.ts'
import { storeAnswers } from '../../src/store/remote/server.ts'
import { type Store, StoreUnavailable } from '../../src/store/store.ts'
import { Peer } from '../../src/workers/peer.ts'
import type { Bed } from './bed.ts'
import { storeSuite } from './suite.ts'

/** Two ends of a channel that carries what JSON carries, each message in a turn of its own. */
function link(store: Store): Store {
  const carry = (to: () => Peer) => ({
    send: (message: unknown) => {
      const text = JSON.stringify(message)
      setImmediate(() => to().received(JSON.parse(text)))
    },
    close: () => undefined,
  })
  const parent: Peer = new Peer(
    carry(() => worker),
    storeAnswers(store),
    expect.unreachable,
  )
  const worker: Peer = new Peer(
    carry(() => parent),
    new Map([['changed', ([event]: readonly unknown[]) => remote.heard(event)]]),
    expect.unreachable,
  )
  const remote: RemoteStore = remoteStore((call, args) => worker.ask(call, args))
  const unsubscribe = store.subscribe((event) => void parent.ask('changed', [event]))
  return {
    ...remote,
    logins: store.logins,
    passkeys: store.passkeys,
    invites: store.invites,
    challenges: store.challenges,
    tree: store.tree, // for which no worker asks
    erasures: store.erasures, // nor for these
    policies: store.policies,
    exports: store.exports,
    recordings: store.recordings,
    runs: store.runs,
    notifications: store.notifications,
    ledgerIndex: store.ledgerIndex,
    devices: store.devices,
    scimGroups: store.scimGroups,
    close: async () => {
      unsubscribe()
      await remote.close()
      await store.close()
    },
  }
}

function bed(): Promise<Bed> {
  const data = mkdtempSync(join(tmpdir(), 'countersign-remote-'))
  const config = { store: { kind: 'sqlite' as const }, data }
  return Promise.resolve({
    open: async () => link(await openStore(config)),
    openLedger: () => openLedger(config),
    openTree: () => openTree(config),
    sql: (text) => {
      const database = new DatabaseSync(join(data, 'countersign.db'))
      database.exec(text)
      database.close()
      return Promise.resolve()
    },
    schema: '',
    remove: () => Promise.resolve(rmSync(data, { recursive: true })),
  })
}

storeSuite('remote', bed)

describe('the store of another process', () => {
  const answering = (answer: unknown) => remoteStore(() => Promise.resolve(answer))

  test.each([{ id: 'grant-1' }, 7, undefined, { ...aGrant(), more: 1 }])('an answer that no store gives is not believed: %j', async (answer) => {
    await expect(answering(answer).grants.get('grant-1')).rejects.toThrow(StoreUnavailable)
  })

  test('a process that is gone is a store that does not answer', async () => {
    const remote = remoteStore(() => Promise.reject(new Error('the parent is gone')))
    await expect(remote.ping()).rejects.toThrow(new StoreUnavailable('the parent is gone'))
    await expect(remote.grants.save(aGrant())).rejects.toThrow(StoreUnavailable)
  })

  test('a process that says that its store is no good is believed, whatever else it answers', async () => {
    let isGood = false
    const ping = () => sleep(5).then(() => (isGood ? undefined : Promise.reject(new Error('its changes are not heard'))))
    const remote = remoteStore((call) => (call === 'ping' ? ping() : Promise.resolve(null)))
    await expect(remote.ping()).rejects.toThrow('its changes are not heard')
    const pinged = remote.ping()
    await remote.grants.get('grant-1')
    await expect(pinged).rejects.toThrow('its changes are not heard')
    isGood = true
    await vi.waitFor(() => remote.ping())
  })

  test('what it says has changed must be an event', () => {
    expect(() => answering(null).heard({ kind: 'everything' })).toThrow('Invalid')
  })

  test.each([
    ['grants.save', [{ ...aGrant(), usesLeft: -1 }]],
    ['grants.get', []],
    ['grants.get', ['grant-1', 'more']],
    ['requests.list', [{ where: '1 = 1' }]],
  ])('%s takes no arguments but its own', async (call, args) => {
    const untouched = new Proxy({}, { get: () => expect.unreachable }) as Store['grants']
    const answers = storeAnswers({ grants: untouched, requests: untouched } as unknown as Store)
    await expect(answers.get(call)?.(args)).rejects.toThrow('arguments that it does not take')
  })

  test('nobody closes it, or calls what it inherits', () => {
    const answers = storeAnswers({ grants: {}, requests: {} } as unknown as Store)
    expect(['close', 'subscribe', 'grants.constructor', 'grants.toString', '__proto__'].filter((call) => answers.has(call))).toEqual([])
  })
})
