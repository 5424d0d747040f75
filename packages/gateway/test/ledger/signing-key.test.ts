import { generateKeyPairSync } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { nameOf, signerOf } from '../../src/ledger/signer.ts'
import { SigningKey } from '../../src/ledger/signing-key.ts'

const newKey = () => generateKeyPairSync('ed25519').privateKey

it('a key in use is changed when that is done, and who asks meanwhile gets the next one', async () => {
  const [first, second] = [newKey(), newKey()]
  const key = new SigningKey(first)
  const using = Promise.withResolvers<void>()
  const order: string[] = []
  const use = key.use(async (given) => {
    await using.promise
    order.push(`used ${given === first}`)
  })
  const change = key.change(async () => {
    order.push('changed')
    return second
  })
  const next = key.use(async (given) => order.push(`next ${given === second}`))
  await setImmediate()
  expect(order).toEqual([])
  using.resolve()
  await Promise.all([use, change, next])
  expect(order).toEqual(['used true', 'changed', 'next true'])
  expect(nameOf(key)).toBe(nameOf(signerOf(second)))
})

it('a change that fails leaves the key in force, and in use', async () => {
  const first = newKey()
  const key = new SigningKey(first)
  await expect(key.change(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await key.use(async (given) => given)).toBe(first)
  await expect(key.use(() => Promise.reject(new Error('its own')))).rejects.toThrow('its own')
  await key.change(async () => newKey())
})
