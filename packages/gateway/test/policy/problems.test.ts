import { expect, test } from 'vitest'
import { createEngine } from '../../src/policy/cedar.ts'
import { PolicyError } from '../../src/policy/error.ts'
import { CONFIG, engineOf } from './fixture.ts'

const ANY = '(principal, action, resource)'

function problemsOf(...texts: readonly string[]): readonly string[] {
  try {
    createEngine(
      CONFIG,
      texts.map((text, index) => ({ file: `/p/${index}.cedar`, text })),
    )
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    return error.message.split('\n')
  }
  throw new Error('these policies should have been refused')
}

test.each([
  ['no @id', `permit ${ANY};`, /^\/p\/0\.cedar:1:1: every policy needs a name/],
  ['a bad @id', `@id("a b")\npermit ${ANY};`, /^\/p\/0\.cedar:1:1: @id is letters/],
  ['an @id that is taken', `@id("a") permit ${ANY};\n// é\n@id("a") permit ${ANY};`, /^\/p\/0\.cedar:3:1: a: @id\("a"\) is taken by \/p\/0\.cedar:1$/],
  ['an unknown annotation', `@id("a")\n@reveiw("dba")\npermit ${ANY};`, /:2:1: a: unknown annotation @reveiw; did you mean review\?$/],
  [
    'an unknown group in @review',
    `@id("a") @review("dba, secruity") permit ${ANY};`,
    /:1:10: a: @review names the unknown group secruity; did you mean security\?$/,
  ],
  ['an empty @review', `@id("a") @review("") permit ${ANY};`, /:1:10: a: @review is a list of groups/],
  ['a @review without a value', `@id("a") @review permit ${ANY};`, /:1:10: a: @review is a list of groups/],
  ['a @quorum of nobody', `@id("a") @review("dba") @quorum("0") permit ${ANY};`, /:1:25: a: @quorum is a number of people/],
  ['a @quorum without @review', `@id("a") @quorum("2") permit ${ANY};`, /:1:10: a: @quorum counts reviewers/],
  ['bad @grants', `@id("a") @grants("twice") permit ${ANY};`, /:1:10: a: @grants is "once", "shape" or a duration/],
  ['bad @expires', `@id("a") @expires("20") permit ${ANY};`, /:1:10: a: @expires is a duration/],
  ['bad @reason', `@id("a") @reason("yes") permit ${ANY};`, /:1:10: a: @reason can be "required" only$/],
  ['bad @ticket', `@id("a") @ticket("[") permit ${ANY};`, /:1:10: a: @ticket is a regular expression/],
  ['bad @sign', `@id("a") @sign("pgp") permit ${ANY};`, /:1:10: a: @sign can be "passkey" only$/],
  ['bad @mask', `@id("a") @mask("email,") permit ${ANY};`, /:1:10: a: @mask is a list of column names/],
  ['bad @personal', `@id("a") @personal("reasons") permit ${ANY};`, /:1:10: a: @personal names text, parameters, .* and not reasons; did you mean reason\?$/],
  ['bad @secret', `@id("a") @secret("text") permit ${ANY};`, /:1:10: a: @secret can be "parameters" only$/],
  ['a @message of two lines', `@id("a") @message("x\\ny") forbid ${ANY};`, /:1:10: a: @message is one line/],
  [
    'an unknown group',
    '@id("a")\npermit (principal in Group::"enginering", action, resource);',
    /:2:22: a: unknown group enginering; did you mean engineering\?$/,
  ],
  ['an unknown group in a condition', `@id("a") permit ${ANY}\nwhen { principal in Group::"dbas" };`, /:2:21: a: unknown group dbas; did you mean dba\?$/],
  ['an unknown resource', '@id("a") forbid (principal, action, resource == Resource::"order");', /:1:49: a: unknown resource order; did you mean orders\?$/],
  [
    'an unknown user',
    '@id("a") forbid (principal == User::"alicia@example.com", action, resource);',
    /:1:31: a: unknown user alicia@example\.com; did you mean alice@example\.com\?$/,
  ],
  [
    'an unknown action',
    '@id("a") permit (principal, action == Action::"sql:wriet", resource);',
    /:1:39: a: unrecognized action `Action::"sql:wriet"`; did you mean `Action::"sql:write"`\?$/,
  ],
  [
    'an action of a later version',
    '@id("a") permit (principal, action == Action::"ssh:exec", resource);',
    /:1:39: a: unrecognized action `Action::"ssh:exec"`/,
  ],
  [
    'a group as the action',
    '@id("a") forbid (principal, action == Action::"sql", resource);',
    /:1:39: a: sql is a group of actions: write action in Action::"sql"$/,
  ],
  [
    'a typo in a label',
    `@id("a") permit ${ANY}\n  unless { resource.evn == "production" };`,
    /:2:12: a: attribute `evn` on entity type `Resource` not found; did you mean `env`\?$/,
  ],
  ['a typo in a fact', `@id("a") permit ${ANY} when { context.row > 1 };`, /:1:54: a: attribute `row` in context for .* not found; did you mean `rows`\?$/],
  [
    'a typo in an entity type',
    '@id("a") permit (principal in Grup::"dba", action, resource);',
    /:1:31: a: unrecognized entity type `Grup`; did you mean `Group`\?$/,
  ],
  ['types that do not fit', `@id("a") permit ${ANY} when { resource.env == 3 };`, /:1:54: a: the types Long and String are not compatible/],
  ['a condition that never holds', `@id("a") forbid ${ANY} when { false };`, /:1:1: a: policy is impossible/],
  ['letters that look like others', `@id("a") forbid ${ANY} when { resource.env == "prоduction" };`, /^\/p\/0\.cedar:1:.*(mixed script|confusable|string)/],
  ['a template', '@id("a") permit (principal == ?principal, action, resource);', /:1:31: expected a static policy/],
  ['a missing semicolon', `@id("a") permit ${ANY}\n@id("b") permit ${ANY};`, /^\/p\/0\.cedar:2:1: unexpected token `@`/],
  ['an unclosed bracket', '// comment with a ; and a "\n@id("a") permit (principal, action;', /^\/p\/0\.cedar:2:35: unexpected token `;`/],
  ['an unclosed string', '@id("a") permit (principal == User::"x, action, resource);\n', /^\/p\/0\.cedar:1:\d+: /],
  ['an annotation that is there twice', `@id("a") @id("b") permit ${ANY};`, /^\/p\/0\.cedar:1:10: duplicate annotation: @id/],
])('%s is refused where it stands', (_, text, expected) => {
  expect(problemsOf(text)).toContainEqual(expect.stringMatching(expected))
})

test('every problem of every file is told at once, in order', () => {
  const problems = problemsOf(
    `@id("a") permit (principal, action, resource;\n@id("b") @grants("x") permit ${ANY};`,
    `@id("b") permit ${ANY};\n@id("c") @foo permit ${ANY};`,
  )
  expect(problems.map((problem) => problem.split(' ')[0])).toEqual(['/p/0.cedar:1:45:', '/p/0.cedar:2:10:', '/p/1.cedar:1:1:', '/p/1.cedar:2:10:'])
})

test('semicolons, quotes and slashes in comments and strings end no policy', () => {
  const text = `// permit ${ANY}; "\n@id("a") @message("a; b // \\" c")\r\nforbid ${ANY} // ;\nwhen { resource.env == "a;\\"b//" }; // the end`
  expect(() => engineOf(text)).not.toThrow()
})
