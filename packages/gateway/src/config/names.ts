import { LOCAL_ADMIN } from '@countersign/core/principal'

/** An agent is `USER/AGENT`, so a user has no slash; a group stands in `@review("a, b")`, so it has no comma. */
const USER_NAME = /^[^\s/\p{C}]{1,255}$/u
const GROUP_NAME = /^[^\s,"\\\p{C}]{1,255}$/u

/** True for what somebody may be called, wherever he comes from. */
export const isUserName = (name: string): boolean => USER_NAME.test(name) && name !== LOCAL_ADMIN

export const isGroupName = (name: string): boolean => GROUP_NAME.test(name)
