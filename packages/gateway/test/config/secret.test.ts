import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readSecret } from '../../src/config/secret.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-secret-'))
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

test('a file loses one newline at its end and nothing else', async () => {
  const file = join(folder, 'password')
  writeFileSync(file, ' two\nlines \n\n')
  expect(await readSecret({ file })).toBe(' two\nlines \n')
})

test('a variable is read at each use', async () => {
  vi.stubEnv('COUNTERSIGN_TEST_SECRET', 'first')
  expect(await readSecret({ env: 'COUNTERSIGN_TEST_SECRET' })).toBe('first')
  vi.stubEnv('COUNTERSIGN_TEST_SECRET', 'second')
  expect(await readSecret({ env: 'COUNTERSIGN_TEST_SECRET' })).toBe('second')
})

test('a program gives its output, without a shell between', async () => {
  expect(await readSecret({ exec: [process.execPath, '-e', 'console.log(process.argv[1])', '$HOME;x'] })).toBe('$HOME;x')
})

test('a program that fails is named, and nothing of what it wrote', async () => {
  const script = 'console.log("canary-out"); console.error("canary-err"); process.exit(3)'
  const refused = readSecret({ exec: [process.execPath, '-e', script] })
  await expect(refused).rejects.toThrow(`program ${process.execPath} failed (3)`)
  await expect(refused).rejects.not.toThrow('canary')
})

test.each([
  [{ env: 'COUNTERSIGN_TEST_UNSET' }, 'environment variable COUNTERSIGN_TEST_UNSET holds nothing'],
  [{ file: '/nowhere/password' }, 'file /nowhere/password failed (ENOENT)'],
  [{ file: '/dev/null' }, 'file /dev/null holds nothing'],
  [{ exec: ['/nowhere/program'] }, 'program /nowhere/program failed (ENOENT)'],
])('%o is refused', async (source, message) => {
  await expect(readSecret(source)).rejects.toThrow(message)
})
