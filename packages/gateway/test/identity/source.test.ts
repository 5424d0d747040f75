import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sourceOf } from '../../src/identity/source.ts'

test.each([
  ['10.0.0.7', '10.0.0.7'],
  ['::ffff:10.0.0.7', '10.0.0.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:DB8:1:2::1', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['1:2::5:6:7:8:9', '1:2:0:5'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['this host', 'this host'],
])('%s is counted as %s', (address, source) => expect(sourceOf(address)).toBe(source))

test('all addresses of one /64 are one source, and those of another are not', () => {
  const group = fc.integer({ min: 0, max: 0xffff })
  const four = fc.tuple(group, group, group, group)
  const written = (groups: readonly number[]) => new URL(`http://[${groups.map((each) => each.toString(16)).join(':')}]`).hostname.slice(1, -1)
  fc.assert(
    fc.property(four, four, four, (network, one, other) => {
      fc.pre(network.some((each) => each !== 0))
      expect(sourceOf(written([...network, ...one]))).toBe(sourceOf(written([...network, ...other])))
      const elsewhere = network.map((each, index) => (index === 3 ? each ^ 1 : each))
      expect(sourceOf(written([...elsewhere, ...one]))).not.toBe(sourceOf(written([...network, ...one])))
    }),
  )
})
