import type { User } from '../../src/identity/caller.ts'

export const aUser = (name: string, over: Partial<User> = {}): User => ({
  name,
  groups: [],
  admin: false,
  adminWaits: false,
  auditor: false,
  active: true,
  displayName: null,
  email: null,
  sources: ['config'],
  ...over,
})
