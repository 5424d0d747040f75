/** Who acts: a user, or an agent acting for a user. `groups` are the user's groups at the time of judging. */
export interface Principal {
  readonly user: string
  readonly agent: string | null
  readonly groups: readonly string[]
}

/** The local administrator of a gateway's own host (`--data DIR`): may configure, holds no group, reviews nothing. */
export const LOCAL_ADMIN = 'local-admin'

/** `alice@example.com`, or `alice@example.com/claude` for her agent: unique for every principal, shown wherever one is named. */
export function principalId(principal: Pick<Principal, 'user' | 'agent'>): string {
  return principal.agent === null ? principal.user : `${principal.user}/${principal.agent}`
}

/** True for the very same principal. By field and not by `principalId`: a name with a slash in it must not read as somebody's agent. */
export function samePrincipal(a: Pick<Principal, 'user' | 'agent'>, b: Pick<Principal, 'user' | 'agent'>): boolean {
  return a.user === b.user && a.agent === b.agent
}

/** What is somebody's: a user's own and that of all his agents, and an agent's own alone. */
export function isOf({ user, agent }: Pick<Principal, 'user' | 'agent'>, of: Pick<Principal, 'user' | 'agent'>): boolean {
  return user === of.user && (of.agent === null || agent === of.agent)
}
