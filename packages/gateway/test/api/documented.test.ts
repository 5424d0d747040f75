import { readFile } from 'node:fs/promises'
import { routes } from '@countersign/contract/routes'
import { eventsRoute, ledgerFileRoutes, queryRoute, recordingRoute, watchRoute } from '@countersign/contract/streams'
import { PROBLEM_STATUS } from '@countersign/contract/schemas/problem'
import { beforeAll, describe, expect, test } from 'vitest'

let text: string
beforeAll(async () => {
  text = await readFile(new URL('../../../../docs/api.md', import.meta.url), 'utf8')
})

describe('docs/api.md', () => {
  test('lists every route and no other', () => {
    const listed = [...text.matchAll(/^\| `([A-Z]+) (\/[^`]*)` \|/gm)].map(([, method, path]) => `${method} /api/v1${path}`)
    expect(listed.sort()).toEqual(
      [...Object.values(routes), ...Object.values(ledgerFileRoutes), recordingRoute, eventsRoute, queryRoute, watchRoute]
        .map(({ method, path }) => `${method.toUpperCase()} ${path}`)
        .sort(),
    )
  })

  test.each(Object.entries(PROBLEM_STATUS))('has %s in the row of %i', (code, status) => {
    expect(text.split('\n').find((line) => line.startsWith(`| ${status} |`))).toContain(`\`${code}\``)
  })
})
