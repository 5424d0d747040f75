/*
 * Loaded before a gateway (`node --import`): it then has the journal of no-journal.ts beside this file in the place of its own. So the bench can say what the
 * journal costs, and no option of the product can turn it off.
 */
import { registerHooks } from 'node:module'

const JOURNAL = new URL('../../packages/gateway/src/journal/open.ts', import.meta.url).href
const NONE = new URL('no-journal.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) => {
    const found = next(specifier, context)
    return found.url === JOURNAL ? { ...found, url: NONE } : found
  },
})
