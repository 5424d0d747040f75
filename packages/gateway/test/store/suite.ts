import { describe } from 'vitest'
import { type Bed, pairs } from './bed.ts'
import { attaching } from './suite/attaching.ts'
import { devices, scimGroups } from './suite/devices.ts'
import { erasing } from './suite/erasing.ts'
import { events } from './suite/events.ts'
import { exports } from './suite/exports.ts'
import { hostileRows } from './suite/hostile-rows.ts'
import { leases } from './suite/leases.ts'
import { ledger } from './suite/ledger.ts'
import { ledgerIndex } from './suite/ledger-index.ts'
import { lists } from './suite/lists.ts'
import { notifications } from './suite/notifications.ts'
import { opening } from './suite/opening.ts'
import { passkeys } from './suite/passkeys.ts'
import { people } from './suite/people.ts'
import { policies } from './suite/policies.ts'
import { races } from './suite/races.ts'
import { ran } from './suite/ran.ts'
import { recordings } from './suite/recordings.ts'
import { roundtrip } from './suite/roundtrip.ts'
import { tree } from './suite/tree.ts'

const PARTS = {
  'gives back what it was given': roundtrip,
  'lets one of many win': races,
  'attaches the same ask to the pending request': attaching,
  lists,
  'tells every gateway': events,
  'keeps the ledger': ledger,
  'remembers what ran under grants:': ran,
  'keeps leases': leases,
  'keeps one tree, which': tree,
  'knows where in the ledger something may be:': ledgerIndex,
  'keeps policies': policies,
  'remembers how far each export is:': exports,
  'keeps recordings': recordings,
  'keeps people, and who is signed in:': people,
  'keeps what people are told:': notifications,
  'keeps passkeys, and who is invited to have one:': passkeys,
  erases: erasing,
  'keeps command lines that wait, and': devices,
  'keeps groups of a directory, and': scimGroups,
  'trusts no row': hostileRows,
  opens: opening,
} as const

/** They do to it what the next test would notice. */
const APART: readonly unknown[] = [events, opening]

/** What every store does, whatever database is underneath. */
export function storeSuite(name: string, makeBed: () => Promise<Bed>): void {
  describe(`the ${name} store`, () => {
    describe.each(Object.entries(PARTS))('%s', (_, part) => {
      part(pairs(makeBed, { apart: APART.includes(part) }))
    })
  })
}
