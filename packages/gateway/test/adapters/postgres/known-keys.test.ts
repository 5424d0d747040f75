import { randomBytes } from 'node:crypto'
import { deriveKeys } from '@countersign/wire/postgres/scram'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { derivingOnce } from '../../../src/adapters/postgres/known-keys.ts'

const few = fc.constantFrom('one', 'two')

test('are those of the password, salt and iterations of now, whatever was asked before', async () => {
  const asked = fc.record({ login: few, password: few, salt: few, iterations: fc.constantFrom(1, 2) })
  await fc.assert(
    fc.asyncProperty(fc.array(asked, { maxLength: 8 }), async (logins) => {
      for (const { login, password, salt, iterations } of logins)
        expect(await derivingOnce(login)(password, Buffer.from(salt), iterations)).toEqual(await deriveKeys(password, Buffer.from(salt), iterations))
    }),
  )
})

test('are worked out once for logins that come again, and for those that come at once', async () => {
  const salt = randomBytes(16)
  const derive = derivingOnce('again')
  const [first, atOnce] = [derive('secret', salt, 4096), derive('secret', salt, 4096)]
  expect(await atOnce).toBe(await first)
  expect(await derivingOnce('again')('secret', salt, 4096)).toBe(await first)
  expect(await derive('another', salt, 4096)).not.toEqual(await first)
})
