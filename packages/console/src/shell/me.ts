import type { Whoami } from '@countersign/contract/schemas/principal'
import { createContext, use } from 'react'

export const MeContext = createContext<Whoami | null>(null)

/** Who is signed in. Only for what is shown inside the shell. */
export function useMe(): Whoami {
  const me = use(MeContext)
  if (me === null) throw new Error('nobody is signed in here')
  return me
}
