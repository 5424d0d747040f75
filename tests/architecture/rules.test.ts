import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { judge, LEAST_MODULES, reasons } from '../../scripts/dependencies.ts'

const PLANTED = join(import.meta.dirname, 'planted')
const rules = await reasons()

describe('the dependency rules', () => {
  test('hold for the packages, every module of which was seen', async () => {
    const { modules, violations } = await judge(join(import.meta.dirname, '../..'))
    expect(violations).toEqual([])
    expect(modules).toBeGreaterThanOrEqual(LEAST_MODULES)
  })

  test('each say why they are there', () => {
    expect([...rules].filter(([, why]) => why.length < 20)).toEqual([])
  })

  test('each have one planted violation', () => {
    expect(readdirSync(PLANTED).toSorted()).toEqual([...rules.keys()].toSorted())
  })
})

test.each([...rules.keys()])('%s bites where it is broken, and nothing else does', async (rule) => {
  const { violations } = await judge(join(PLANTED, rule))
  expect([...new Set(violations.map((violation) => violation.rule))]).toEqual([rule])
})
