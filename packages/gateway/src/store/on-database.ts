import type { Database } from './database.ts'
import { Erasures } from './erasures.ts'
import { Devices } from './devices.ts'
import { Exports } from './exports.ts'
import { Gateways } from './gateways.ts'
import { Grants } from './grants.ts'
import { Ledger } from './ledger.ts'
import { LedgerIndex } from './ledger-index.ts'
import { Leases } from './leases.ts'
import { Logins } from './logins.ts'
import { Notifications } from './notifications.ts'
import { OwedEntries } from './owed.ts'
import { Challenges, Invites, Passkeys } from './passkeys.ts'
import { Persons } from './persons.ts'
import { Policies } from './policies.ts'
import { Recordings } from './recordings.ts'
import { Requests } from './requests.ts'
import { Runs } from './runs.ts'
import { ScimGroups } from './scim-groups.ts'
import { Sessions } from './sessions.ts'
import { Tokens } from './tokens.ts'
import { Tree } from './tree.ts'
import type { Store } from './store.ts'

/** The whole store on an open database, whichever it is. */
export function storeOn(database: Database): Store {
  return {
    requests: new Requests(database),
    grants: new Grants(database),
    sessions: new Sessions(database),
    tokens: new Tokens(database),
    people: new Persons(database),
    logins: new Logins(database),
    passkeys: new Passkeys(database),
    invites: new Invites(database),
    challenges: new Challenges(database),
    leases: new Leases(database),
    gateways: new Gateways(database),
    ledger: new Ledger(database),
    runs: new Runs(database),
    tree: new Tree(database),
    ledgerIndex: new LedgerIndex(database),
    erasures: new Erasures(database),
    owed: new OwedEntries(database),
    policies: new Policies(database),
    exports: new Exports(database),
    recordings: new Recordings(database),
    devices: new Devices(database),
    scimGroups: new ScimGroups(database),
    notifications: new Notifications(database),
    subscribe: (listener) => database.subscribe(listener),
    ping: () => database.ping(),
    close: () => database.close(),
  }
}
