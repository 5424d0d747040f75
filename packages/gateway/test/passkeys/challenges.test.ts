import { createSecretKey, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Challenges, openChallengeKey } from '../../src/passkeys/challenges.ts'

const LIFE_MS = 5 * 60_000

function gateway(key = createSecretKey(randomBytes(32)), spent = new Set<string>()) {
  const clock = { at: 1_790_000_000_000, now: () => clock.at }
  const spend = ({ hash }: { readonly hash: string }) => Promise.resolve(!spent.has(hash) && spent.add(hash).size > 0)
  return { clock, challenges: new Challenges({ store: { spend }, clock, key }) }
}

test('a challenge is good for what it was made for, at every gateway that has the key, until it is over', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.integer({ min: 0, max: 2 * LIFE_MS }), (about, other, later) => {
      const key = createSecretKey(randomBytes(32))
      const [here, there] = [gateway(key), gateway(key)]
      const challenge = here.challenges.make(about)
      there.clock.at += later
      expect(there.challenges.isGood(about, challenge)).toBe(later < LIFE_MS)
      fc.pre(about !== other)
      expect(here.challenges.isGood(other, challenge)).toBe(false)
    }),
  )
})

test('no byte of it can be changed, left out or added, and nobody makes one without the key', () => {
  const { challenges } = gateway()
  const challenge = challenges.make('sign-in')
  fc.assert(
    fc.property(fc.nat(challenge.length - 1), fc.integer({ min: 1, max: 255 }), (at, flipped) => {
      const changed = Buffer.from(challenge)
      changed[at] = (changed[at] ?? 0) ^ flipped
      expect(challenges.isGood('sign-in', changed)).toBe(false)
      expect(challenges.isGood('sign-in', challenge.subarray(0, at))).toBe(false)
    }),
  )
  expect(challenges.isGood('sign-in', Buffer.concat([challenge, Buffer.of(0)]))).toBe(false)
  expect(gateway().challenges.isGood('sign-in', challenge)).toBe(false)
})

test('it is answered once, whichever gateway is asked', async () => {
  const key = createSecretKey(randomBytes(32))
  const spent = new Set<string>()
  const [here, there] = [gateway(key, spent), gateway(key, spent)]
  const challenge = here.challenges.make('sign-in')
  expect([await there.challenges.spend(challenge), await here.challenges.spend(challenge)]).toEqual([true, false])
  expect(await here.challenges.spend(here.challenges.make('sign-in'))).toBe(true)
})

test('a key in the store that is none is refused', async () => {
  for (const kept of ['', 'AAAA', 'x'.repeat(64)]) await expect(openChallengeKey({ key: () => Promise.resolve(kept) })).rejects.toThrow('challenge_keys')
})
