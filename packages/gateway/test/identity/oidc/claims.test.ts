import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { OidcConfig } from '../../../src/config/config.ts'
import { isGroupName, isUserName } from '../../../src/config/names.ts'
import { ClaimsError, readClaims } from '../../../src/identity/oidc/claims.ts'

const CORP: OidcConfig = {
  name: 'corp',
  title: 'Corp',
  issuer: 'https://login.example.com',
  clientId: 'countersign',
  clientSecret: { env: 'SECRET' },
  scopes: ['openid'],
  userClaim: 'email',
  groupsClaim: 'groups',
  adminGroups: ['platform'],
  auditorGroups: ['audit'],
}
const ANN = { sub: 'u-1', email: 'ann@example.com', email_verified: true, name: 'Ann', groups: ['dba', 'audit'] }

describe('what an issuer says of somebody', () => {
  test('is who he is here, and what he may do', () => {
    expect(readClaims(ANN, CORP, null)).toEqual({
      subject: 'u-1',
      name: 'ann@example.com',
      groups: ['audit', 'dba'],
      admin: false,
      auditor: true,
      displayName: 'Ann',
      email: 'ann@example.com',
    })
    expect(readClaims({ ...ANN, groups: ['platform'] }, CORP, null)).toMatchObject({ admin: true, auditor: false })
    expect(readClaims(ANN, CORP, 'ann@example.com')).toMatchObject({ admin: true })
    expect(readClaims({ ...ANN, upn: 'ann' }, { ...CORP, userClaim: 'upn' }, 'ann@example.com')).toMatchObject({ name: 'ann', admin: true })
  })

  test.each([
    ['an address that nobody has verified', { ...ANN, email_verified: false }],
    ['an address of which it does not say so', { ...ANN, email_verified: undefined }],
    ['an address that is verified in a word', { ...ANN, email_verified: 'true' }],
    ['no address', { ...ANN, email: undefined }],
    ['no subject', { ...ANN, sub: '' }],
    ['an address that reads as somebody’s agent', { ...ANN, email: 'ann@example.com/claude' }],
    ['the local administrator’s name', { ...ANN, email: 'local-admin' }],
    ['a name with what cannot be seen', { ...ANN, email: 'ann@example\u202e.com' }],
    ['more groups than anybody has', { ...ANN, groups: Array.from({ length: 2_001 }, (_none, index) => `g${index}`) }],
  ])('does not do with %s', (_what, claims) => {
    expect(() => readClaims(claims, CORP, 'ann@example.com')).toThrow(ClaimsError)
  })

  test('nobody is the first admin by an address that is not verified', () => {
    const claims = { ...ANN, email_verified: false, upn: 'mallory' }
    expect(readClaims(claims, { ...CORP, userClaim: 'upn' }, 'ann@example.com')).toMatchObject({ name: 'mallory', admin: false, email: null })
  })

  test('of any claims at all, is somebody whom the store and policy can name, or nobody', () => {
    const claim = fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.anything())), fc.anything())
    const claims = fc.record({ sub: claim, email: claim, email_verified: fc.oneof(fc.constant(true), fc.anything()), name: claim, groups: claim })
    const property = fc.property(claims, (given) => {
      try {
        const said = readClaims(given, CORP, null)
        expect(isUserName(said.name)).toBe(true)
        expect(said.groups.every(isGroupName)).toBe(true)
        expect(said.admin).toBe(said.groups.includes('platform'))
        for (const text of [said.subject, said.displayName, said.email]) expect(text === null || (text.isWellFormed() && !text.includes('\0'))).toBe(true)
      } catch (error) {
        expect(error).toBeInstanceOf(ClaimsError)
      }
    })
    fc.assert(property, { numRuns: 500 })
  })
})
