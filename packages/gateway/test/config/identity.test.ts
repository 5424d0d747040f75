import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/config/error.ts'
import { loadConfig } from '../../src/config/load.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-identity-'))
  mkdirSync(join(folder, 'policies'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function load(yaml: string) {
  const file = join(folder, 'countersign.yaml')
  writeFileSync(file, yaml)
  return loadConfig(file, { OIDC_CLIENT_SECRET: 'canary' })
}

function problemsOf(yaml: string): readonly string[] {
  try {
    load(yaml)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(({ line, key, message }) => `${line} ${key}: ${message}`)
  }
  throw new Error('this configuration should have been refused')
}

const CLIENT = 'clientId: countersign, clientSecret: { env: OIDC_CLIENT_SECRET }'
const corp = (more: string) => `identity: { oidc: { issuer: "https://login.example.com", ${CLIENT}, ${more} } }`

describe('identity', () => {
  test('of docs/sign-in.md', () => {
    const page = readFileSync(new URL('../../../../docs/sign-in.md', import.meta.url), 'utf8')
    const { identity, url } = load(/```yaml\n([^]*?)```/.exec(page)?.[1] ?? '')
    expect(url).toBe('https://cs.example.com')
    expect(identity).toEqual({
      oidc: [
        {
          name: 'corp',
          title: 'Example Corp',
          issuer: 'https://login.example.com',
          clientId: 'countersign',
          clientSecret: { env: 'OIDC_CLIENT_SECRET' },
          scopes: ['openid', 'email', 'profile'],
          userClaim: 'email',
          groupsClaim: 'groups',
          adminGroups: ['platform'],
          auditorGroups: ['audit'],
        },
      ],
      firstAdmin: 'alice@example.com',
      refreshMs: 300_000,
      scim: null,
    })
  })

  test('without a name and a title is one issuer, called by its host', () => {
    expect(load(corp('adminGroups: []')).identity.oidc).toMatchObject([{ name: 'oidc', title: 'login.example.com', userClaim: 'email', groupsClaim: 'groups' }])
  })

  test.each([
    [corp('adminGroup: [ops]'), '1 identity.oidc.0.adminGroup: unknown key; did you mean adminGroups?'],
    [corp('name: "Corp Inc"'), '1 identity.oidc.0.name: expected a word of lower-case letters, digits and dashes: it stands in links'],
    [corp('scopes: [email]'), '1 identity.oidc.0.scopes: expected openid among the scopes: without it there is no ID token'],
    [
      corp('name: a').replace('https://login', 'http://login'),
      '1 identity.oidc.0.issuer: expected https: who it says somebody is must not be changed on the way',
    ],
    [corp('name: a').replace('OIDC_CLIENT_SECRET', 'NOWHERE'), '1 identity.oidc.0.clientSecret.env: environment variable NOWHERE is not set'],
    [corp('name: a').replace('{ env: OIDC_CLIENT_SECRET }', 'canary'), expect.stringContaining('identity.oidc.0.clientSecret: expected { env: NAME }')],
    [
      `url: http://cs.example.com\n${corp('name: a')}`,
      '1 url: people sign in here, so this must be https, or http on the loopback: a browser keeps no cookie safe over plain http',
    ],
    [
      `identity: { oidc: [{ issuer: "https://a.example", ${CLIENT} }, { issuer: "https://b.example", ${CLIENT} }] }`,
      '1 identity.oidc.1.name: there is an issuer oidc already; give each a name of its own',
    ],
  ])('says what is wrong with %s', (yaml, problem) => {
    const problems = problemsOf(yaml)
    expect(problems).toEqual([problem])
    expect(problems.join()).not.toContain('canary')
  })
})
