import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { challengeOf } from '@countersign/ledger/approval'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Authenticator } from './support/authenticator.ts'
import { countersign } from './support/ledger.ts'
import { lacks } from './support/needs.ts'
import { type Browser, enrol, openBrowser, signIn } from './support/people.ts'
import type { Psql } from './support/psql.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") @sign("passkey") @grants("30m") @expires("10m") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`
const SIGNED = { timeout: 60_000, interval: 500 }

describe.skipIf(lacks('psql'))('an approval that policy wants signed', { timeout: 120_000 }, () => {
  let stage: Stage
  let bob: Browser
  let carol: Browser
  let origin: string
  let folder: string
  const sessions: Psql[] = []

  const browser = (passkeys?: Authenticator) => openBrowser(origin, origin, passkeys)
  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
    folder = mkdtempSync(join(tmpdir(), 'countersign-signed-'))
    origin = `http://localhost:${new URL(stage.gateway.url).port}`
    const link = async (user: string) => (await stage.gateway.api().invite({ user })).link
    bob = browser()
    carol = browser()
    await enrol(bob, await link('bob@example.com'))
    await enrol(carol, await link('carol@example.com'))
  }, 120_000)
  afterAll(async () => {
    for (const session of sessions) session.vanish()
    await stage?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Alice types a statement, and it is held. */
  async function asked(text: string): Promise<{ readonly id: string; readonly session: Psql }> {
    const session = stage.alice.psql('db')
    sessions.push(session)
    session.type(text)
    return { id: await held(session), session }
  }

  /** Bob looks at it and signs what he is shown. */
  async function signed(id: string, wish: Parameters<Browser['client']['toSign']>[0] = { id }, by = bob) {
    const { shown, before, options } = await by.client.toSign({ ...wish, id })
    return { shown, options, signature: { before, credential: by.passkeys.get(options) } }
  }

  const refusal = (work: Promise<unknown>) =>
    work.then(
      () => 'taken',
      (error: { readonly problem?: { readonly code: string; readonly message: string } }) => `${error.problem?.code}: ${error.problem?.message}`,
    )

  it('runs once signed, and the receipt proves offline what was signed and with which key', async () => {
    const { id, session } = await asked('UPDATE orders SET status = $$paid$$ WHERE id = 1;')
    expect((await bob.client.request({ id })).sign).toBe(true)
    const { shown, options, signature } = await signed(id, { id, comment: 'matches INC-7' })
    expect(JSON.parse(shown)).toMatchObject({
      format: 'countersign/approval/v1',
      request: id,
      asked: {
        requester: 'alice@example.com',
        resource: 'db',
        action: 'sql:write',
        text: 'UPDATE orders SET status = $$paid$$ WHERE id = 1',
        impact: { rows: 1 },
      },
      reviewer: 'bob@example.com',
      given: { kind: 'once' },
      comment: 'matches INC-7',
    })
    expect(Buffer.from(challengeOf(shown)).toString('base64url')).toBe(options.challenge)
    const approved = await bob.client.approve({ id, comment: 'matches INC-7', signature })
    expect(approved.reviews).toMatchObject([{ unproven: false, signature: { passkey: expect.stringMatching(/^pk-/) } }])
    await session.next(/UPDATE 1\n/)
    await session.quit()

    const receipt = join(folder, 'receipt.json')
    const token = { COUNTERSIGN_GATEWAY: stage.gateway.url, COUNTERSIGN_TOKEN: stage.alice.token }
    await vi.waitFor(async () => {
      const { code } = await countersign(['ledger', 'proof', id, '-o', receipt], token)
      if (code !== 0 || !readFileSync(receipt, 'utf8').includes('"done"')) throw new Error('not all of it is under a checkpoint yet')
    }, SIGNED)
    const { passkey } = approved.reviews[0]?.signature ?? {}
    const alone = { COUNTERSIGN_GATEWAY: 'http://127.0.0.1:1' }
    const good = await countersign(['ledger', 'verify', receipt], alone)
    expect({ code: good.code, stdout: good.stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`"bob@example.com", and ${passkey}, which was enrolled for him then, signed exactly this`),
    })

    const { passkeys, ...without } = JSON.parse(readFileSync(receipt, 'utf8')) as Record<string, unknown>
    expect(passkeys).toHaveLength(1)
    const stripped = join(folder, 'stripped.json')
    writeFileSync(stripped, JSON.stringify(without))
    const bad = await countersign(['ledger', 'verify', stripped], alone)
    expect(bad).toMatchObject({ code: 1, stdout: expect.stringMatching(/review by bob@example\.com is bad \(unsigned\): .*no entry here enrols it/) })
  })

  it('is given by nobody with a token alone, who is told where to sign', async () => {
    const { id } = await asked('UPDATE orders SET status = $$x$$ WHERE id = 2;')
    const { code, stderr } = await countersign(['approve', id], { COUNTERSIGN_GATEWAY: stage.gateway.url, COUNTERSIGN_TOKEN: stage.bob.token })
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(`in a browser, at ${origin}/r/${id}`) })
    expect(await refusal(bob.client.approve({ id }))).toMatch(/^signature-required/)
    // Nor does somebody without a passkey get anything to sign.
    expect(await refusal(stage.erin.api.toSign({ id }))).toMatch(/has no passkey that counts/)
    expect((await stage.alice.api.request({ id })).status).toBe('pending')
    await bob.client.deny({ id, comment: 'a denial needs no signature' })
  })

  it('is refused when anything else was signed', async () => {
    const { id } = await asked('UPDATE orders SET status = $$y$$ WHERE id = 3;')
    const { id: other } = await asked('UPDATE orders SET status = $$z$$ WHERE id = 4;')
    const plain = await signed(id)
    expect(await refusal(bob.client.approve({ id, comment: 'more than was signed', signature: plain.signature }))).toMatch(/^signature-refused/)
    expect(await refusal(bob.client.approve({ id, for: '30m', signature: (await signed(id)).signature }))).toMatch(/^signature-refused/)
    expect(await refusal(bob.client.approve({ id, signature: (await signed(other)).signature }))).toMatch(/^signature-refused/)
    const late = (await signed(id)).signature
    expect(await refusal(bob.client.approve({ id, signature: { ...late, before: new Date(Date.parse(late.before) - 1).toISOString() } }))).toMatch(
      /^signature-refused/,
    )
    expect(await refusal(bob.client.approve({ id, signature: { ...late, before: '2020-01-01T00:00:00.000Z' } }))).toMatch(/time to sign .* is over/)
    expect(await refusal(bob.client.approve({ id, signature: { ...late, before: '2099-01-01T00:00:00.000Z' } }))).toMatch(/longer than any gateway gives/)
    expect((await stage.alice.api.request({ id })).reviews).toEqual([])
    for (const each of [id, other]) await bob.client.deny({ id: each, comment: 'no' })
  })

  it('is refused with an altered signature, a copied passkey, and the passkey of another person', async () => {
    const { id } = await asked('UPDATE orders SET status = $$q$$ WHERE id = 5;')
    const { signature } = await signed(id)
    const { credential } = signature
    const altered = { ...credential, response: { ...credential.response, signature: `${credential.response.signature.slice(0, -4)}AAAA` } }
    expect(await refusal(bob.client.approve({ id, signature: { ...signature, credential: altered } }))).toMatch(/^signature-refused/)
    expect(await refusal(carol.client.approve({ id, signature }))).toMatch(/is bob@example\.com's, not carol@example\.com's/)
    expect(await refusal(stage.carol.api.approve({ id, signature }))).toMatch(/is bob@example\.com's, not carol@example\.com's/)
    const unverified = await bob.client.toSign({ id })
    expect(
      await refusal(bob.client.approve({ id, signature: { before: unverified.before, credential: bob.passkeys.get(unverified.options, { flags: 1 }) } })),
    ).toMatch(/^signature-refused/)
    // Used once by whoever copied it: its owner's next use is not refused, the copy's is.
    const next = await signed(id)
    bob.passkeys.counter = 1
    const copied = await signed(id)
    expect(await refusal(bob.client.approve({ id, signature: copied.signature }))).toMatch(/as a copy of it would/)
    bob.passkeys.counter = 100
    expect(await refusal(bob.client.approve({ id, signature: next.signature }))).toBe('taken')
    // The same answer again, for the same request.
    expect(await refusal(bob.client.approve({ id, signature: next.signature }))).toMatch(/^not-pending|^signature-refused/)
  })

  it('is refused of a passkey that was removed', async () => {
    const other = new Authenticator(origin)
    await signIn(bob)
    const { options } = await bob.client.addPasskeyOptions()
    const { id: key } = await bob.client.addPasskey({ name: 'lost', credential: other.create(options) })
    const { id } = await asked('UPDATE orders SET status = $$r$$ WHERE id = 6;')
    const { shown, before, options: asking } = await bob.client.toSign({ id })
    await bob.client.removePasskey({ id: key })
    expect(shown).toContain(id)
    expect(await refusal(bob.client.approve({ id, signature: { before, credential: other.get(asking) } }))).toMatch(/has been removed/)
    expect((await bob.client.toSign({ id })).options.allowCredentials).toHaveLength(1)
    await bob.client.deny({ id, comment: 'no' })
  })
})
