import { describe } from 'vitest'
import { type Bed, pairs } from './bed.ts'
import { attaching } from './suite/attaching.ts'
import { events } from './suite/events.ts'
import { hostileRows } from './suite/hostile-rows.ts'
import { ledger } from './suite/ledger.ts'
import { lists } from './suite/lists.ts'
import { opening } from './suite/opening.ts'
import { races } from './suite/races.ts'
import { roundtrip } from './suite/roundtrip.ts'

/** What every store does, whatever database is underneath. */
export function storeSuite(name: string, makeBed: () => Promise<Bed>): void {
  describe(`the ${name} store`, () => {
    const pair = pairs(makeBed)
    describe('gives back what it was given', () => roundtrip(pair))
    describe('lets one of many win', () => races(pair))
    describe('attaches the same ask to the pending request', () => attaching(pair))
    describe('lists', () => lists(pair))
    describe('tells every gateway', () => events(pair))
    describe('keeps the ledger', () => ledger(pair))
    describe('trusts no row', () => hostileRows(pair))
    describe('opens', () => opening(pair))
  })
}
