import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NO_FACTS, type Action } from '../src/action.ts'
import { WITHHELD, withheld } from '../src/withheld.ts'

const parameter = { value: 'canary', format: 'text', type: 25 } as const
const actionOf = (text: string, more: Partial<Action> = {}): Action => ({
  type: 'sql:admin',
  text,
  parameters: [parameter],
  state: null,
  statements: [{ type: 'sql:admin', fingerprint: 'f', facts: NO_FACTS, part: { text, parameters: [parameter] } }],
  ...more,
})

describe('an action as it is recorded', () => {
  test('is itself where nothing is secret', () => {
    const action = actionOf('SELECT 1')
    expect(withheld(action, false)).toBe(action)
  })

  test('has none of its secrets, wherever they stand in it, and says where there was one', () => {
    const secret = fc.string({ unit: 'grapheme', minLength: 8 }).map((text) => `'canary${text.replaceAll("'", "''")}'`)
    fc.assert(
      fc.property(secret, (password) => {
        const shown = withheld(actionOf(`ALTER ROLE a PASSWORD ${password}; SELECT ${password}`, { secrets: [password] }), false)
        expect(shown.text).toBe(`ALTER ROLE a PASSWORD '${WITHHELD}'; SELECT '${WITHHELD}'`)
        expect(JSON.stringify(shown).replaceAll('"value":"canary"', '')).not.toContain('canary')
        expect(shown).not.toHaveProperty('secrets')
      }),
    )
  })

  test('has no values where policy says that they are secret, and keeps their number and types', () => {
    const shown = withheld(actionOf('UPDATE a SET b = $1'), true)
    expect(JSON.stringify(shown)).not.toContain('canary')
    expect(shown.parameters).toEqual([{ value: null, format: 'text', type: 25, withheld: true }])
    expect(shown.statements[0]?.fingerprint).toBe('f')
  })
})
