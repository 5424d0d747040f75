import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Compiler } from '../../src/policy/compile.ts'
import { type PolicyChange, type PolicyHolder, openPolicies } from '../../src/policy/reload.ts'
import { ask, CONFIG } from './fixture.ts'

const ALLOW = '@id("a") permit (principal, action, resource);'
const DENY = '@id("a") forbid (principal, action, resource);'

vi.setConfig({ testTimeout: 30_000 })

let folder: string
let holder: PolicyHolder | null

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-policies-'))
  holder = null
})

afterEach(() => {
  holder?.close()
  rmSync(folder, { recursive: true })
})

const write = (text: string) => writeFileSync(join(folder, 'a.cedar'), text)

function open(pollMs?: number): { readonly holder: PolicyHolder; readonly changes: PolicyChange[] } {
  const changes: PolicyChange[] = []
  holder = openPolicies({ ...CONFIG, policies: folder }, pollMs === undefined ? {} : { pollMs })
  holder.onChange((change) => changes.push(change))
  return { holder, changes }
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 10 })

test.each([
  ['notification', 3_600_000],
  ['poll', 20],
])('a change comes into force by %s', async (_, pollMs) => {
  write(ALLOW)
  const { holder, changes } = open(pollMs)
  expect(holder.engine.decide(ask('sql:read')).effect).toBe('allow')
  write(DENY)
  await until(() => expect(changes).toEqual([{ kind: 'loaded', version: holder.engine.version }]))
  expect(holder.engine.decide(ask('sql:read')).effect).toBe('deny')
})

test('while thousands of policies are read, everything else gets its turn', async () => {
  const compiler = new Compiler(CONFIG)
  const text = Array.from({ length: 2_000 }, (_, index) => `@id("p${index}") forbid (principal, action, resource == Resource::"orders");`).join('\n')
  const files = [{ file: 'many.cedar', text }]
  let turns = 0
  let turning = setImmediate(function turn() {
    turns++
    turning = setImmediate(turn)
  })
  await compiler.prepare(files)
  clearImmediate(turning)
  expect(turns).toBeGreaterThan(50)
  expect(compiler.compile(files)).toHaveLength(2_000)
})

test('broken policies are told once, and the last good ones stay in force', async () => {
  write(DENY)
  const { holder, changes } = open(20)
  const { version } = holder.engine
  write(`${DENY}\n@id("b") permit (principal, action, resource`)
  await until(() => expect(changes).toHaveLength(1))
  expect(changes[0]).toMatchObject({ kind: 'rejected', problems: [{ file: join(folder, 'a.cedar'), line: 2 }] })
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(changes).toHaveLength(1)
  expect(holder.engine.version).toBe(version)
  expect(holder.files).toEqual([{ file: join(folder, 'a.cedar'), text: DENY }])
  expect(holder.engine.decide(ask('sql:read'))).toMatchObject({ effect: 'deny', policies: ['a'] })

  write(ALLOW)
  await until(() => expect(changes.at(-1)).toMatchObject({ kind: 'loaded' }))
  expect(holder.engine.decide(ask('sql:read')).effect).toBe('allow')
})

test('a folder that was emptied or removed keeps the last good ones', async () => {
  write(ALLOW)
  const { holder, changes } = open(20)
  rmSync(join(folder, 'a.cedar'))
  await until(() => expect(changes).toMatchObject([{ kind: 'rejected', problems: [{ message: expect.stringContaining('no *.cedar file') }] }]))
  expect(holder.engine.decide(ask('sql:read')).effect).toBe('allow')
})

test('after close nothing is told', async () => {
  write(ALLOW)
  const { holder, changes } = open(20)
  holder.close()
  write(DENY)
  await new Promise((resolve) => setTimeout(resolve, 250))
  expect(changes).toEqual([])
})

test('a gateway with broken policies does not start', () => {
  write('@id("a") permit (principal, action, resource)')
  expect(() => open()).toThrow(`${join(folder, 'a.cedar')}:1:`)
})
