import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** Addresses of nobody outside: this host, private and shared networks, link-local (a cloud's metadata), documentation, multicast, and IPv4 inside IPv6. */
const INSIDE = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  INSIDE.addSubnet(network, prefix, 'ipv4')

/** Of IPv6 only what is handed out to the public (RFC 4291, 2000::/3), and of that not what leads to an IPv4 address or is set aside. */
const OUTSIDE_6 = new BlockList()
OUTSIDE_6.addSubnet('2000::', 3, 'ipv6')
const INSIDE_6 = new BlockList()
for (const [network, prefix] of [
  ['2001::', 23], // Teredo and other special purposes
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4
  ['3fff::', 20],
] as const)
  INSIDE_6.addSubnet(network, prefix, 'ipv6')

/** Whether this is an address of the public Internet. */
export function isPublic(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !INSIDE.check(address, 'ipv4')
    case 6:
      return OUTSIDE_6.check(address, 'ipv6') && !INSIDE_6.check(address, 'ipv6')
    default:
      return false
  }
}

/**
 * Why no message goes to this endpoint; null when one may. It was said by a browser, hence by anybody: else the gateway could be made to POST to what only it
 * reaches. Hosts in `inside` are the operator's own push services.
 */
export function whyNot(endpoint: string, inside: readonly string[]): string | null {
  const url = URL.parse(endpoint)
  if (url?.protocol !== 'https:') return 'a push service is at an https address'
  if (url.username !== '' || url.password !== '') return 'the address of a push service has no user in it'
  const host = hostOf(url)
  if (inside.includes(host) || isPublic(host)) return null
  if (isIP(host) !== 0 || !host.includes('.')) return `${host} is not a host of the public Internet; an operator lists one of his own under notify.push.inside`
  return null
}

/** Without the brackets of IPv6. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1')

/** Resolves for a connection, and refuses what is not public: looked at here, with the very address that is dialled, a name cannot mean something else a moment later. */
export function publicLookup(inside: readonly string[]): LookupFunction {
  return (host, options, callback) => {
    const all: LookupAllOptions = { ...options, all: true }
    lookup(host, all, (error, addresses) => {
      const allowed = inside.includes(host) ? addresses : addresses?.filter(({ address }) => isPublic(address))
      if (error) callback(error, [])
      else if (allowed.length === 0) callback(notPublic(host), [])
      else if (options.all) callback(null, allowed)
      else callback(null, (allowed[0] satisfies LookupAddress | undefined)?.address ?? '', allowed[0]?.family)
    })
  }
}

const notPublic = (host: string): NodeJS.ErrnoException => Object.assign(new Error(`${host} has no address of the public Internet`), { code: 'ENOTPUBLIC' })
