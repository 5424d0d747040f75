import { expect, test } from 'vitest'
import type { Pair } from '../bed.ts'

const files = [
  { name: 'a.cedar', text: 'permit (principal, action, resource);\n' },
  { name: 'ü.cedar', text: '' },
]

export function policies(pair: () => Pair): void {
  test('by version, as they were first written', async () => {
    const { here, there } = pair()
    await here.policies.keep('v1', files)
    await Promise.all([there.policies.keep('v1', []), here.policies.keep('v2', files.slice(1))])
    expect(await there.policies.get('v1')).toEqual(files)
    expect(await here.policies.get('v2')).toEqual(files.slice(1))
    expect(await here.policies.get('v3')).toBeNull()
  })
}
