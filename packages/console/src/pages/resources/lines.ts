import type { Resource } from '@countersign/contract/schemas/resource'

export const CERTIFICATE_FILE = 'countersign-gateway.pem'

/** How each client says where and as whom it connects. On this machine the connection never leaves it, and needs no certificate. */
export function linesFor(user: string, { name, connect: { host, port, database } }: Resource): readonly { readonly client: string; readonly line: string }[] {
  const local = /^(?:localhost|127(?:\.\d+){3}|::1)$/.test(host)
  const tls = local ? 'sslmode=prefer' : `sslmode=verify-full sslrootcert=${CERTIFICATE_FILE}`
  const query = new URLSearchParams({ user, ...(local ? {} : { sslmode: 'verify-full', sslrootcert: CERTIFICATE_FILE }) })
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}/${encodeURIComponent(database)}`
  return [
    { client: 'countersign', line: `countersign connect ${name}` },
    { client: 'psql', line: `psql "host=${host} port=${port} user=${user} dbname=${database} ${tls}"` },
    { client: 'DBeaver, JDBC', line: `jdbc:postgresql://${place}?${query}` },
    {
      client: 'Other drivers',
      line: `postgresql://${encodeURIComponent(user)}@${place}${local ? '' : `?sslmode=verify-full&sslrootcert=${CERTIFICATE_FILE}`}`,
    },
  ]
}
