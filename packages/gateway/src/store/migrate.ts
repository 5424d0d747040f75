import { type Kysely, Migrator } from 'kysely'
import * as first from './migrations/0001_first.ts'
import * as askedGrants from './migrations/0002_asked_grants.ts'
import * as boundShapes from './migrations/0003_bound_shapes.ts'
import * as leases from './migrations/0004_leases.ts'
import * as tree from './migrations/0005_tree.ts'
import * as ledgerHeads from './migrations/0006_ledger_heads.ts'
import * as erasures from './migrations/0007_erasures.ts'
import * as policies from './migrations/0008_policies.ts'
import * as exports from './migrations/0009_exports.ts'
import * as recordings from './migrations/0010_recordings.ts'
import * as people from './migrations/0011_people.ts'
import * as notifications from './migrations/0012_notifications.ts'
import * as tokenUse from './migrations/0013_token_use.ts'
import * as alikeRequests from './migrations/0014_alike_requests.ts'
import * as passkeys from './migrations/0015_passkeys.ts'
import * as devices from './migrations/0016_devices.ts'
import * as scimGroups from './migrations/0017_scim_groups.ts'
import * as runs from './migrations/0018_runs.ts'
import * as challengeKeys from './migrations/0019_challenge_keys.ts'
import * as ledgerBlocks from './migrations/0020_ledger_blocks.ts'
import * as gatewayUrls from './migrations/0021_gateway_urls.ts'
import * as owed from './migrations/0022_owed.ts'
import * as groupsOfRequests from './migrations/0023_groups_of_requests.ts'
import type { Tables } from './tables.ts'

/** Brings the schema up to date. Gateways that start at once wait for each other (the dialect's migration lock). */
export async function migrate(db: Kysely<Tables>, schema: string | null): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: {
      getMigrations: () =>
        Promise.resolve({
          '0001_first': first,
          '0002_asked_grants': askedGrants,
          '0003_bound_shapes': boundShapes,
          '0004_leases': leases,
          '0005_tree': tree,
          '0006_ledger_heads': ledgerHeads,
          '0007_erasures': erasures,
          '0008_policies': policies,
          '0009_exports': exports,
          '0010_recordings': recordings,
          '0011_people': people,
          '0012_notifications': notifications,
          '0013_token_use': tokenUse,
          '0014_alike_requests': alikeRequests,
          '0015_passkeys': passkeys,
          '0016_devices': devices,
          '0017_scim_groups': scimGroups,
          '0018_runs': runs,
          '0019_challenge_keys': challengeKeys,
          '0020_ledger_blocks': ledgerBlocks,
          '0021_gateway_urls': gatewayUrls,
          '0022_owed': owed,
          '0023_groups_of_requests': groupsOfRequests,
        }),
    },
    ...(schema === null ? {} : { migrationTableSchema: schema }),
  })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw error
}
