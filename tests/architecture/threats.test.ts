import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const DOCS = join(import.meta.dirname, '../../docs')

/** `[title](file)`, as often as the page has it. */
function citations(page: string): readonly { title: string; file: string }[] {
  return [...page.matchAll(/\[([^\]]+)\]\((\.\.[^)]+\.test\.ts)\)/g)].map(([, title = '', file = '']) => ({ title, file }))
}

/** True when the file has a test or a case whose title begins so, or that is part of a longer one. */
function has({ title, file }: { title: string; file: string }): boolean {
  return readFileSync(join(DOCS, file), 'utf8').includes(title)
}

const cited = citations(readFileSync(join(DOCS, 'what-went-wrong.md'), 'utf8'))

test('each row of what went wrong elsewhere names tests that exist', () => {
  expect(cited.length).toBeGreaterThan(40)
  expect(cited.filter((each) => !has(each))).toEqual([])
})

test('a title that no test has is found', () => {
  expect(has({ title: 'no test was ever called this', file: cited[0]?.file ?? '' })).toBe(false)
})
