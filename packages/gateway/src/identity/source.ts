import { isIPv6 } from 'node:net'

const GROUPS = 8
/** Of 16 bits: a /64, of which one subscriber has all 2^64 addresses (RFC 6177). */
const COUNTED = 4

/** Where an address is counted: an IPv4 address as itself, however it is written, and an IPv6 address as its /64. */
export function sourceOf(address: string): string {
  if (!isIPv6(address)) return address
  const [bare = ''] = address.toLowerCase().split('%')
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare) ?? []
  if (mapped !== undefined) return mapped
  const [before = [], after] = bare.split('::').map((part) => part.split(':').filter((group) => group !== ''))
  const zeros = after ? Math.max(0, GROUPS - before.length - after.length) : 0
  return [...before, ...Array<string>(zeros).fill('0'), ...(after ?? [])].slice(0, COUNTED).join(':')
}
