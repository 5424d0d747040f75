import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Known } from '../../src/export/known.ts'
import { Ocsf } from '../../src/export/ocsf/ocsf.ts'
import { NO_KEYS, openLeaf } from '../../src/export/opening.ts'
import { leavesOf, type Sample, SAMPLES } from './samples.ts'

const page = readFileSync(new URL('../../../../docs/ocsf.md', import.meta.url), 'utf8')
const { 'action.decided': decided, 'action.finished': finished, 'action.started': started, 'request.reviewed': reviewed } = SAMPLES
const { grants: _grants, ...alone } = started.body
const vary = (name: string, { type, body }: Sample, more: Sample['body']) => [name, { type, body: { ...body, ...more } }] as const

/** What the table calls it, and one of them. */
const CASES: readonly (readonly [string, Sample])[] = [
  ...Object.entries(SAMPLES)
    .filter(([type]) => ![decided.type, finished.type, reviewed.type, started.type].includes(type))
    .map(([type, sample]) => [`\`${type}\``, sample] as const),
  vary('`request.reviewed`, approve', reviewed, {}),
  vary('`request.reviewed`, deny', reviewed, { verdict: 'deny' }),
  vary('`request.reviewed`, by a token of which nobody proved whose it is', reviewed, { proven: false }),
  vary('`action.decided`, `deny`', decided, { effect: 'deny' }),
  vary('`action.decided`, `review`', decided, {}),
  ['`action.started`, allowed by policy alone', { type: started.type, body: alone }],
  vary('`action.started`, under a grant, or with `mode: observe`', started, {}),
  ['`action.finished`, `done`', finished],
  vary('`action.finished`, `failed`', finished, { result: 'failed' }),
  vary('`action.finished`, `unknown`', finished, { result: 'unknown' }),
]

async function rowOf(name: string, sample: Sample): Promise<string> {
  const known = new Known({
    sessions: { get: () => Promise.resolve(null) },
    requests: { get: () => Promise.resolve(null) },
    grants: { get: () => Promise.resolve(null) },
  })
  const leaves = leavesOf(sample.type === 'action.finished' ? [started, sample] : [sample])
  const format = new Ocsf(known, '0.1.0')
  let text = ''
  for (const leaf of leaves) text = (await format.records(openLeaf(leaf, NO_KEYS)))[0]?.text ?? ''
  const event = JSON.parse(text) as Record<string, string | number>
  const activity = event['activity_id'] === 99 ? 'Other' : event['activity_name']
  const by = sample.type.startsWith('action.') ? 'as below' : activity
  return `| ${name} | ${event['class_name']} (${event['class_uid']}) | ${by} | ${event['severity']} | ${event['status']} |`
}

describe('docs/ocsf.md', () => {
  test.each(CASES)('says what %s is', async (name, sample) => {
    expect(page.split('\n')).toContain(await rowOf(name, sample))
  })

  test('says nothing of any other', () => {
    const rows = page.split('\n').filter((line) => /^\| `[a-z]+\.[a-z-]+`/.test(line))
    expect(rows.filter((row) => !/metadata|query_info|database|actor/.test(row.split('|')[1] ?? ''))).toHaveLength(CASES.length)
  })
})
