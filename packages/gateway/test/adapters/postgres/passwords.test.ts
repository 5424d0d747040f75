import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { passwordsIn } from '../../../src/adapters/postgres/classify/passwords.ts'

const literal = fc
  .string({ unit: 'grapheme', minLength: 1 })
  .filter((text) => !text.includes('$p$'))
  .chain((text) => fc.constantFrom(`'${text.replaceAll("'", "''")}'`, `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`, `$p$${text}$p$`))

const statement = fc.constantFrom(
  (secret: string) => `ALTER ROLE app PASSWORD ${secret}`,
  (secret: string) => `create user "Jo" with login ENCRYPTED password /* new */ ${secret} valid until '2030-01-01'`,
  (secret: string) => `SELECT 1; ALTER USER app\n  PASSWORD ${secret} ;`,
  (secret: string) => `ALTER ROLE app PASWORD ${secret}`,
  (secret: string) => `CREATE USER MAPPING FOR app SERVER other OPTIONS (user 'x', password ${secret})`,
  (secret: string) => `ALTER SERVER other OPTIONS (SET password ${secret})`,
)

describe('passwords in a text', () => {
  test('are found whatever they are and however they are quoted, and nothing else is', () => {
    fc.assert(
      fc.property(literal, statement, (secret, within) => {
        expect(passwordsIn(within(secret))).toEqual([secret])
      }),
    )
  })

  test.each([
    [`CREATE SUBSCRIPTION s CONNECTION 'host=db password=abc123 user=x' PUBLICATION p`, ['abc123']],
    [`CREATE SUBSCRIPTION s CONNECTION 'host=db password=''a b'' user=x' PUBLICATION p`, ["''a b''"]],
    [`SELECT dblink_connect('c', 'dbname=x password=abc123')`, ['abc123']],
    ['ALTER ROLE app PASSWORD abc123', ['abc123']],
    [`ALTER ROLE app PASSWORD 'never closed`, [`'never closed`]],
  ])('are found in %s', (text, found) => {
    expect(passwordsIn(text)).toEqual(found)
  })

  test.each([
    'ALTER ROLE app PASSWORD NULL',
    `ALTER ROLE app SET search_path TO 'a', 'b'`,
    `ALTER ROLE app VALID UNTIL '2030-01-01'`,
    `CREATE TABLE accounts (name text, password text DEFAULT 'x')`,
    `CREATE FOREIGN TABLE t (password text) SERVER other`,
    `INSERT INTO accounts (password) VALUES ('abc')`,
    `-- ALTER ROLE app PASSWORD 'abc'\nSELECT 'def'`,
    `SELECT 'ALTER ROLE app PASSWORD ''abc'''`,
  ])('are none in %s', (text) => {
    expect(passwordsIn(text)).toEqual([])
  })

  test('take no longer to be looked for than the text is long, whatever it is', () => {
    for (const hostile of ['/*', "'", '$a$', "E'\\", '"', '--', '$', '(,', '\\', ' ', 'x'])
      expect(passwordsIn(`ALTER ROLE x ${hostile.repeat(200_000)}`).length).toBeLessThan(10)
    expect(passwordsIn(`SELECT ${"a'bc', ".repeat(200_000)}`)).toEqual([])
    const long = `'${'x'.repeat(10_000_000)}'`
    expect(passwordsIn(`ALTER ROLE app PASSWORD ${long}`)).toEqual([long])
    expect(passwordsIn(`SELECT dblink(${long})`)).toEqual([long])
  })
})
