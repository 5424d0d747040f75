import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Lifetime } from './lifetime.ts'
import { ACCOUNT } from './orders.ts'
import { HOST } from './ports.ts'

export const ALICE = 'alice@example.com'
export const BOB = 'bob@example.com'
export const RESOURCE = 'orders-db'

const ACCESS = `// Who may do what. Edit this while the gateway runs: it takes effect at once.

@id("outside-production-just-works")
permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql"], resource)
unless { resource.env == "production" };

@id("production-reads")
permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);

@id("production-writes") @review("dba") @grants("30m") @expires("20m")
permit (principal in Group::"engineering", action == Action::"sql:write", resource);

@id("schema-changes") @review("dba") @grants("once")
permit (principal in Group::"engineering", action == Action::"sql:ddl", resource);
`

const LIMITS = `// What no approval gets past.

@id("no-where-no-way") @message("UPDATE or DELETE without a WHERE that restricts")
forbid (principal, action == Action::"sql:write", resource) when { context.unbounded };
`

/** The demo's folder, which others may pass through but not list: PostgreSQL runs as somebody else when we are root. */
export function makeFolder(life: Lifetime): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-demo-'))
  life.ownFolder(folder)
  chmodSync(folder, 0o711)
  return folder
}

/** Where people of the demo sign in in a browser. */
export interface DemoIssuer {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
}

/** Where the gateway listens and what is behind it. */
export interface Plan {
  readonly http: number
  readonly postgres: number
  /** `postgres://host:port/database` */
  readonly target: string
  readonly password: string
  readonly issuer: DemoIssuer | null
}

/** Writes `countersign.yaml`, `policies/` and the files with secrets, or all of it again; returns the path of the first. */
export function writeConfiguration(folder: string, { http, postgres, target, password, issuer }: Plan): string {
  mkdirSync(join(folder, 'policies'), { recursive: true })
  writeFileSync(join(folder, 'policies', 'access.cedar'), ACCESS)
  writeFileSync(join(folder, 'policies', 'limits.cedar'), LIMITS)
  writeSecret(join(folder, 'orders-db.password'), password)
  if (issuer) writeSecret(join(folder, 'oidc.secret'), issuer.clientSecret)
  const config = join(folder, 'countersign.yaml')
  writeFileSync(
    config,
    stringify({
      listen: { http: `${HOST}:${http}`, postgres: `${HOST}:${postgres}` },
      store: 'sqlite',
      data: './data',
      users: { [ALICE]: { groups: ['engineering'] }, [BOB]: { groups: ['dba'], admin: true } },
      ...(issuer ? { identity: { oidc: oidcOf(issuer) } } : {}),
      resources: {
        [RESOURCE]: {
          protocol: 'postgres',
          url: target,
          credential: { username: ACCOUNT, password: { file: './orders-db.password' } },
          labels: { env: 'production' },
        },
      },
      policies: './policies',
    }),
  )
  return config
}

const oidcOf = ({ issuer, clientId }: DemoIssuer) => ({
  name: 'demo',
  title: 'the demo’s own provider',
  issuer,
  clientId,
  clientSecret: { file: './oidc.secret' },
})

/** A file that only its owner reads, whatever the umask is. */
export function writeSecret(path: string, text: string): void {
  writeFileSync(path, `${text}\n`, { mode: 0o600 })
}
