import { ClientError } from '@countersign/contract/client-error'
import { createClient } from '@countersign/contract/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Bed, openBed, type Person } from './bed.ts'

const OWN = 'https://cs.example.com' // the `url` of the configuration

let bed: Bed
beforeAll(async () => {
  bed = await openBed()
})
afterAll(() => bed.close())

const anybody = () => createClient({ url: bed.url })
const ASKING = { client: 'countersign', host: 'laptop-7' }

async function signedIn(user: Person) {
  const secret = await bed.logins.create({ user, method: 'passkey', flow: null, keep: null, before: null }, { client: '10.0.0.7:51000', userAgent: null })
  const headers = { cookie: `__Host-countersign=${secret}`, origin: OWN, 'content-type': 'application/json' }
  return async (method: 'GET' | 'POST', path: string) => {
    const answer = await fetch(bed.url + path, { method, headers, ...(method === 'POST' ? { body: '{}' } : {}) })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
}

/** What a poll comes to: the token, or the code of the refusal. A device's clock is set back, so that nobody has to wait. */
async function poll(deviceCode: string): Promise<string> {
  try {
    const { token } = await anybody().deviceToken({ deviceCode })
    return token
  } catch (error) {
    if (error instanceof ClientError) return error.problem?.code ?? 'no problem'
    throw error
  }
}

/** The next poll is not too soon. */
async function later(userCode: string): Promise<void> {
  const device = await bed.store.devices.find({ userCode: userCode.replace('-', '') })
  if (device) await bed.store.devices.polled(device.id, Date.now() - 3_600_000, device.intervalMs)
}

describe('a command line', () => {
  test('that somebody has confirmed gives nothing once he was disabled, when he is enabled again neither', async () => {
    const code = await anybody().device(ASKING)
    const carol = await signedIn('carol')
    expect(await carol('POST', `/api/v1/device/${code.userCode}/confirm`)).toMatchObject({ status: 200 })
    await bed.admin.disablePerson({ name: 'carol' })
    await bed.admin.enablePerson({ name: 'carol' })
    expect(await poll(code.deviceCode)).toBe('expired-code')
    expect(await bed.admin.tokens({ user: 'carol' })).toMatchObject([{ revokedAt: expect.any(String) }])
  })

  test('is signed in as whoever confirms its code on the web, once', async () => {
    const code = await anybody().device(ASKING)
    expect(code).toMatchObject({ link: `${OWN}/device`, linkWithCode: `${OWN}/device?code=${code.userCode}`, intervalMs: 5_000 })
    expect(await poll(code.deviceCode)).toBe('authorization-pending')
    const bob = await signedIn('bob')
    const shown = { userCode: code.userCode, ...ASKING, address: '127.0.0.1', state: 'pending' }
    expect(await bob('GET', `/api/v1/device/${code.userCode}`)).toMatchObject({ status: 200, body: shown })
    expect(await bob('GET', `/api/v1/device/${code.userCode.replace('-', '').toLowerCase()}`)).toMatchObject({ status: 200, body: shown })
    expect(await bob('POST', `/api/v1/device/${code.userCode}/confirm`)).toMatchObject({ status: 200, body: { state: 'confirmed' } })
    await later(code.userCode)
    const token = await poll(code.deviceCode)
    const me = createClient({ url: bed.url, token })
    expect(await me.whoami()).toMatchObject({ user: 'bob', agent: null, mayReview: true, unproven: false, via: 'token' })
    expect(await me.tokens()).toMatchObject([{ name: 'laptop-7', scope: null, createdBy: 'bob' }, {}])
    await later(code.userCode)
    expect(await poll(code.deviceCode)).toBe('expired-code')
    expect(await bob('POST', `/api/v1/device/${code.userCode}/confirm`)).toMatchObject({ status: 422 })
  })

  test('is told that it was refused, and nobody confirms it any more', async () => {
    const code = await anybody().device(ASKING)
    const bob = await signedIn('bob')
    expect(await bob('POST', `/api/v1/device/${code.userCode}/refuse`)).toMatchObject({ body: { state: 'refused' } })
    expect(await poll(code.deviceCode)).toBe('access-denied')
    expect((await bob('POST', `/api/v1/device/${code.userCode}/confirm`)).status).toBe(422)
  })

  test('that asks too soon is told to slow down, and by how much', async () => {
    const { deviceCode } = await anybody().device(ASKING)
    expect([await poll(deviceCode), await poll(deviceCode), await poll(deviceCode)]).toEqual(['authorization-pending', 'slow-down', 'slow-down'])
    await expect(anybody().deviceToken({ deviceCode })).rejects.toThrow('wait 20 s')
  })

  test('has ten minutes', async () => {
    const code = await anybody().device(ASKING)
    const device = await bed.store.devices.find({ userCode: code.userCode.replace('-', '') })
    if (!device) throw new Error('nobody waits')
    expect(device.expiresAt - device.createdAt).toBe(600_000)
    await bed.store.devices.save({ ...device, version: 2, expiresAt: Date.now() - 1 })
    expect(await poll(code.deviceCode)).toBe('expired-code')
    const bob = await signedIn('bob')
    expect(await bob('GET', `/api/v1/device/${code.userCode}`)).toMatchObject({ body: { state: 'expired' } })
    expect((await bob('POST', `/api/v1/device/${code.userCode}/confirm`)).status).toBe(422)
  })
})

describe('a code', () => {
  test('is shown and confirmed with the cookie of a sign-in alone: no token, no agent, no local administrator', async () => {
    const { userCode } = await anybody().device(ASKING)
    for (const client of [bed.client('bob'), bed.client('root'), bed.admin]) {
      await expect(client.deviceAsk({ userCode })).rejects.toMatchObject({ status: 403 })
      await expect(client.confirmDevice({ userCode })).rejects.toMatchObject({ status: 403 })
    }
    await expect(anybody().confirmDevice({ userCode })).rejects.toMatchObject({ status: 401 })
  })

  test('that somebody else has decided is not there, and guessing ends after ten', async () => {
    const { userCode } = await anybody().device(ASKING)
    await (
      await signedIn('bob')
    )('POST', `/api/v1/device/${userCode}/confirm`)
    const carol = await signedIn('carol')
    const statuses = []
    for (let guess = 0; guess < 12; guess++) statuses.push((await carol('GET', `/api/v1/device/${guess === 0 ? userCode : 'BBBB-BBBB'}`)).status)
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 404), 429, 429])
    expect((await (await signedIn('bob'))('GET', `/api/v1/device/${userCode}`)).status).toBe(200)
  })

  test('is no word, and its device code is kept nowhere', async () => {
    const { userCode, deviceCode } = await anybody().device(ASKING)
    expect(userCode).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    expect(JSON.stringify(await bed.store.devices.find({ userCode: userCode.replace('-', '') }))).not.toContain(deviceCode)
    expect(bed.logged.join('')).not.toContain(deviceCode)
  })

  test('each that is asked for from one address in a minute is counted', async () => {
    const own = await openBed()
    const answers = []
    for (let time = 0; time < 11; time++) {
      const { status, headers } = await own.ask('/api/v1/device', {
        method: 'POST',
        body: JSON.stringify(ASKING),
        headers: { 'content-type': 'application/json' },
      })
      answers.push([status, headers.get('retry-after')])
    }
    expect(answers).toEqual([...Array.from({ length: 10 }, () => [200, null]), [429, '60']])
    await own.close()
  })
})
