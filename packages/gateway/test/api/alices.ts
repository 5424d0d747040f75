import { dirname, join } from 'node:path'
import type { CreationOptions, RequestOptions } from '@countersign/contract/schemas/webauthn'
import type { Journal } from '../../src/journal/journal.ts'
import { writeRecording } from '../../src/recordings/container.ts'
import { Keeping } from '../../src/recordings/keeping.ts'
import { readRecordingKey } from '../../src/recordings/key.ts'
import { openPlace } from '../../src/recordings/place.ts'
import { systemClock } from '../../src/clock.ts'
import type { RecordingsConfig } from '../../src/config/config.ts'
import { aGrant } from '../../../core/test/arbitraries.ts'
import { Authenticator } from '../../../../tests/support/authenticator.ts'
import { enrol, openBrowser, secretOf } from '../../../../tests/support/people.ts'
import { gatewayOn, Hands } from '../ledger/bed.ts'
import { Chain } from '../ledger/chain.ts'
import { aBrowser } from '../notify/browser.ts'
import { aPasskey, aSession } from '../store/values.ts'
import { type Bed, openBed } from './bed.ts'

export const OWN = 'https://cs.example.com' // the `url` of the configuration
const ALICE = { user: 'alice', agent: null, groups: ['engineering'] }
const SEEN = { client: '10.0.0.7:51000', userAgent: 'Firefox' }

/** Everything there can be of Alice's, to be asked for by others. */
export interface Alices {
  /** A new object of hers, of the kind that a path with `{…}` in it is about; what stands in its place. */
  objectOf(path: string): Promise<string>
  /** What a browser of hers sends, in which she has just signed in. */
  signedIn(): Promise<Readonly<Record<string, string>>>
  /** Another of what was asked for, by somebody who sends bodies with `post`: what it takes is asked for by him. */
  bodyOf(path: string, post: (path: string) => Promise<Response>): Promise<unknown>
}

export async function openAlices(folder: string): Promise<{ readonly bed: Bed; readonly alices: Alices }> {
  const kept: RecordingsConfig = { place: { directory: join(folder, 'recordings') }, key: null, retentionMs: null }
  const bed = await openBed({ recordings: kept })
  const keys = new Authenticator(OWN)
  await enrol(openBrowser(bed.url, OWN, keys), (await bed.admin.invite({ user: 'alice' })).link)
  await enrol(openBrowser(bed.url, OWN), (await bed.admin.invite({ user: 'bob' })).link) // who signs what he approves
  const chain = await grown(bed, folder)
  let made = 0
  const signedIn = async () => {
    const secret = await bed.logins.create({ user: 'alice', method: 'passkey', flow: null, keep: null, before: null }, SEEN)
    return { cookie: `__Host-countersign=${secret}`, origin: OWN }
  }
  const device = async () => bed.services.devices.begin({ client: 'countersign', host: 'laptop', address: `10.0.0.${++made}` })
  const caller = async () => {
    const { cookie } = await signedIn()
    const found = await bed.logins.caller(cookie.replace(/^[^=]+=/, ''), false)
    if (!found) throw new Error('she is not signed in')
    return found
  }
  const invited = async (user: string) => {
    const { id, link } = await bed.admin.invite({ user })
    return { id, secret: secretOf(link) }
  }

  const newcomer = async () => {
    const name = `own${++made}`
    const invitation = await invited(name)
    await known(bed, name)
    return { ...invitation, name }
  }
  const toEnrol = async ({ secret }: { readonly secret: string }) => (await openBrowser(bed.url, OWN).client.enrolOptions({ secret })).options

  async function objectOf(path: string): Promise<string> {
    const [, , , kind = '', rest = ''] = path.split('/')
    const name = `own${++made}`
    switch (kind) {
      case 'requests':
        return (
          await bed
            .client('alice')
            .ask({ resource: 'orders-db', action: `DELETE FROM ${path.endsWith('/to-sign') ? 'signed' : 'orders'} WHERE note = '${name}'` })
        ).request.id
      case 'grants':
        await bed.store.grants.insert(aGrant({ id: name, subject: ALICE, resource: 'orders-db', endsAt: Date.now() + 60_000 }))
        return name
      case 'sessions':
        await bed.store.sessions.insert(aSession({ id: `ses-${name}`, gateway: bed.journal.gateway, principal: ALICE, resource: 'orders-db' }))
        return `ses-${name}`
      case 'recordings':
        await record(bed, kept, folder, `ses-${name}`)
        return `ses-${name}`
      case 'tokens':
        return (await bed.admin.createToken({ user: 'alice' })).id
      case 'logins':
        await signedIn()
        return (await bed.store.logins.list({ user: 'alice' }))[0]?.id ?? ''
      case 'passkeys':
        await bed.store.passkeys.insert(
          aPasskey({ id: name, credential: name, user: 'alice', by: 'bob', status: path.endsWith('/review') ? 'waiting' : 'active' }),
        )
        return name
      case 'invites':
        return (await invited('alice')).id
      case 'people': {
        const { name: other } = await newcomer()
        if (path.endsWith('/enable')) await bed.admin.disablePerson({ name: other })
        return other
      }
      case 'me':
        for (const { id } of (await bed.client('alice').push()).subscriptions) await bed.client('alice').unsubscribePush({ id })
        return (await bed.client('alice').subscribePush(aBrowser(`https://push.example.com/${name}`).subscription)).id
      case 'device':
        return (await device()).device.userCode
      case 'resources':
        return 'orders-db'
      case 'ledger':
        return rest === 'tile' ? '0/000' : '0'
      default:
        throw new Error(`nobody knows what ${path} is about`)
    }
  }

  async function bodyOf(path: string, post: (path: string) => Promise<Response>): Promise<unknown> {
    const fresh = new Authenticator(OWN)
    const optionsOf = async <T>(answer: Response) => ((await answer.json()) as { readonly options?: T }).options
    const toSignIn = async () => (await openBrowser(bed.url, OWN).client.signInOptions()).options
    switch (path) {
      case '/api/v1/sign-in/passkey':
        return { credential: keys.get(await toSignIn()) }
      case '/api/v1/step-up': {
        const options = await optionsOf<RequestOptions>(await post('/api/v1/step-up/options'))
        return { credential: keys.get(options ?? (await toSignIn())) }
      }
      case '/api/v1/passkeys': {
        const options = await optionsOf<CreationOptions>(await post('/api/v1/passkeys/options'))
        return { name: 'laptop', credential: fresh.create(options ?? (await toEnrol(await invited('bob')))) }
      }
      case '/api/v1/enrol/options':
        return { secret: (await newcomer()).secret }
      case '/api/v1/enrol': {
        const { secret } = await newcomer()
        return { secret, name: 'laptop', credential: fresh.create(await toEnrol({ secret })) }
      }
      case '/api/v1/device/token': {
        const { deviceCode, device: asked } = await device()
        await bed.services.devices.decide(await caller(), asked.userCode, true)
        return { deviceCode }
      }
      case '/api/v1/me/push':
        for (const { id } of (await bed.client('alice').push()).subscriptions) await bed.client('alice').unsubscribePush({ id })
        return aBrowser(`https://push.example.com/own${++made}`).subscription
      case '/api/v1/ledger/vouch':
        return { gateway: chain.gateway, key: chain.key }
      default:
        return undefined
    }
  }

  return { bed, alices: { objectOf, signedIn, bodyOf } }
}

/** A ledger of 300 entries, under a checkpoint. */
async function grown({ store }: Bed, directory: string): Promise<Chain> {
  const chain = new Chain('gw-0000000001')
  const gateway = gatewayOn(store, chain, new Hands(), { directory })
  await chain.enrol(store.ledger)
  await chain.act(store.ledger, 299)
  await gateway.turn()
  await gateway.seal()
  return chain
}

/** What she has done in a session that is over. */
async function record({ store, journal, socketPath }: Bed, kept: RecordingsConfig, folder: string, session: string): Promise<void> {
  const begin = {
    line: 'begin',
    v: 1,
    kind: 'sql',
    session,
    gateway: journal.gateway,
    principal: 'alice',
    resource: 'orders-db',
    database: 'orders',
    client: '10.0.0.7:1',
  } as const
  const whole = { ...begin, grant: null, reason: null, ticket: null, at: 5 }
  const path = join(folder, `${session}.age`)
  const { recipient } = await readRecordingKey(null, dirname(socketPath))
  const digest = await writeRecording(path, [Buffer.from(`${JSON.stringify(whole)}\n`)], recipient)
  const keeping = new Keeping({ store, journal: journal satisfies Journal, local: journal, place: openPlace(kept), clock: systemClock })
  await keeping.keep({ begin: whole, endedAt: 9, path, ...digest, statements: 0, failed: 0, rows: 0, answered: 0 })
}

/** The directory hears of somebody a moment after the store has him. */
async function known({ admin }: Bed, user: string): Promise<void> {
  while (!(await admin.people()).some(({ name }) => name === user)) await new Promise(setImmediate)
}
