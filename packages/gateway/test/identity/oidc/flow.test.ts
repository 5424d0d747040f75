import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { beginFlow, localPath, nameOf, readFlow } from '../../../src/identity/oidc/flow.ts'

const GATEWAY = 'https://cs.example.com'
const TRAPS = [
  '/',
  '\\',
  '//',
  '/\\',
  '\t',
  '\n',
  ' ',
  '.',
  '..',
  '@',
  ':',
  'evil.example',
  'https:',
  'javascript:',
  '%2f',
  '%5c',
  '%09',
  '?',
  '#',
  '/api/',
  '/auth',
  '\u0000',
  '\u202e',
  'a',
]

describe('where a browser goes after signing in', () => {
  test('is a page of this gateway, whatever was wished for', () => {
    const wish = fc.array(fc.oneof(fc.constantFrom(...TRAPS), fc.string({ unit: 'binary' })), { maxLength: 6 }).map((parts) => parts.join(''))
    const property = fc.property(
      fc.oneof(
        wish,
        wish.map((rest) => `/${rest}`),
      ),
      (wanted) => {
        const to = localPath(wanted)
        expect(to).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/)
        const { origin, pathname } = new URL(to, GATEWAY)
        expect(origin).toBe(GATEWAY)
        expect(pathname).not.toMatch(/^\/(api|auth)(\/|$)/)
        expect(localPath(to)).toBe(to)
      },
    )
    fc.assert(property, { numRuns: 2_000 })
  })

  test('is the page that was wished for', () => {
    const segment = fc
      .string({ unit: fc.constantFrom(...Array.from('abcxyz0189-_~.')), minLength: 1, maxLength: 8 })
      .filter((text) => !/^\.+$/.test(text) && !/^(api|auth)$/.test(text))
    const property = fc.property(fc.array(segment, { maxLength: 4 }), fc.option(segment), (path, query) => {
      const wanted = `/${path.join('/')}${query === null ? '' : `?q=${query}`}`
      expect(localPath(wanted)).toBe(wanted)
    })
    fc.assert(property)
  })
})

describe('an exchange with an issuer', () => {
  test('is read back from the cookie, and shares nothing with another', () => {
    const [one, other] = [beginFlow('corp', '/r/7kq2', null), beginFlow('corp', '/r/7kq2', null)]
    expect(readFlow(one.cookie)).toEqual(one.flow)
    const { issuer: _issuer, to: _to, before: _before, ...secrets } = one.flow
    for (const secret of Object.values(secrets)) {
      expect(secret).toMatch(/^[\w-]{43}$/)
      expect(one.cookie).not.toContain(secret)
      expect(Object.values(other.flow)).not.toContain(secret)
    }
    expect(new Set(Object.values(secrets)).size).toBe(3)
    expect(nameOf(one.flow)).not.toContain(one.flow.state)
  })

  test('remembers the login that the browser had, which does not come back with it', () => {
    const { flow, cookie } = beginFlow('corp', '/', 'a'.repeat(64))
    expect(readFlow(cookie)).toEqual(flow)
    expect(flow.before).toBe('a'.repeat(64))
    expect(readFlow(`${cookie}.${'b'.repeat(64)}`)).toBeNull()
  })

  test('is none in a cookie that no gateway has set, and goes nowhere else in one that was changed', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => readFlow(text) === null))
    const { cookie } = beginFlow('corp', '/', null)
    const astray = `${cookie.split('.').slice(0, 2).join('.')}.${Buffer.from('//evil.example').toString('base64url')}`
    expect(readFlow(astray)?.to).toBe('/')
  })
})
