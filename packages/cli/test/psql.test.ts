import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { libpqEnvironment, optionsFor, type PostgresTarget } from '../src/psql.ts'

const target: PostgresTarget = { host: '127.0.0.1', port: 7432, user: 'alice', database: 'orders-db', token: 'cst_secret', purpose: {}, certificate: null }

/** How the server takes `options` apart: at white space, with backslash for the character after it (pg_split_opts, PostgreSQL source). */
function split(options: string): string[] {
  return [...options.matchAll(/(?:\\[^]|[^\s\\])+/gu)].map(([word]) => word.replace(/\\([^])/g, '$1'))
}

describe('the reason in PGOPTIONS', () => {
  it('arrives as it was written, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (reason) => {
        expect(split(optionsFor(undefined, { reason }) ?? '')).toEqual(['-c', `countersign.reason=${reason}`])
      }),
    )
  })

  it('comes after what the user has there, and is nothing when there is none', () => {
    expect(optionsFor('-c statement_timeout=5s', { reason: 'INC-7 it\\s' })).toBe('-c statement_timeout=5s -c countersign.reason=INC-7\\ it\\\\s')
    expect(optionsFor(undefined, { reason: 'slow', ticket: 'INC-7' })).toBe('-c countersign.reason=slow -c countersign.ticket=INC-7')
    expect(optionsFor(undefined, {})).toBeUndefined()
    expect(optionsFor('-c x=y', {})).toBe('-c x=y')
  })
})

describe("psql's environment", () => {
  it('says where, as whom and with which token', () => {
    expect(libpqEnvironment({ PATH: '/bin' }, { ...target, purpose: { reason: 'INC-7' } }, null)).toEqual({
      PATH: '/bin',
      PGHOST: '127.0.0.1',
      PGPORT: '7432',
      PGUSER: 'alice',
      PGDATABASE: 'orders-db',
      PGPASSWORD: 'cst_secret',
      PGSSLMODE: 'prefer',
      PGOPTIONS: '-c countersign.reason=INC-7',
    })
  })

  it('trusts the certificate that the gateway showed and no other', () => {
    expect(libpqEnvironment({}, target, '/tmp/x/gateway.pem')).toMatchObject({ PGSSLMODE: 'verify-full', PGSSLROOTCERT: '/tmp/x/gateway.pem' })
  })

  it('lets nothing of the surroundings send the token elsewhere', () => {
    const hostile = { PGHOSTADDR: '203.0.113.5', PGSERVICE: 'evil', PGSSLMODE: 'disable', PGPASSFILE: '/x', PGSSLROOTCERT: '/evil.pem', PGTZ: 'UTC' }
    const made = libpqEnvironment(hostile, target, '/tmp/gateway.pem')
    expect(made).not.toHaveProperty('PGHOSTADDR')
    expect(made).not.toHaveProperty('PGSERVICE')
    expect(made).toMatchObject({ PGSSLMODE: 'verify-full', PGSSLROOTCERT: '/tmp/gateway.pem', PGTZ: 'UTC' })
  })
})
