/** One place that reviewers fill: `quorum` distinct humans, each a member of one of `groups`. `policy` asked for it. */
export interface Requirement {
  readonly policy: string
  readonly groups: readonly string[]
  readonly quorum: number
}

/**
 * What a request still needs before it is approved: every clause must be met, and a clause is met by any one of its
 * requirements (several reviewed permits are alternatives; each reviewed forbid is a clause of its own).
 */
export type Need = readonly (readonly Requirement[])[]

/** A human whose approval counts, with the groups held when approving. */
export interface Approver {
  readonly user: string
  readonly groups: readonly string[]
  /** His passkey signed what he approved. */
  readonly signed?: true
}

/** Both needs at once, each clause named once. */
export function combineNeeds(...needs: readonly Need[]): Need {
  const clauses = new Map(needs.flat().map((clause) => [JSON.stringify(clause), clause]))
  return [...clauses.values()]
}

/** True when `user` could fill a place of the need by being in one of its groups. */
export function mayFill(need: Need, groups: readonly string[]): boolean {
  return need.flat().some((requirement) => isMember(requirement, groups))
}

/**
 * True when distinct approvers fill every place of one requirement of each clause. One human fills one place in one
 * requirement, however many groups he is in, so this is a matching and not a count per group.
 */
export function isSatisfied(need: Need, approvers: readonly Approver[]): boolean {
  return choices(need).some((requirements) => unfilled(requirements, approvers).length === 0)
}

/** The requirements of the choice that is closest to being met, each with the number of places still empty. */
export function missing(need: Need, approvers: readonly Approver[]): readonly Requirement[] {
  const gaps = choices(need).map((requirements) => unfilled(requirements, approvers))
  return gaps.reduce((best, gap) => (places(gap) < places(best) ? gap : best), gaps[0] ?? [])
}

/** `1 of dba and 2 of security or sre`: the words a requester and a reviewer are shown. */
export function describeNeed(need: Need): string {
  return need.map((clause) => clause.map(describeRequirement).join(' or else ')).join(' and ')
}

export function describeRequirement({ quorum, groups }: Requirement): string {
  return `${quorum} of ${groups.join(' or ')}`
}

const isMember = (requirement: Requirement, groups: readonly string[]) => requirement.groups.some((group) => groups.includes(group))

const places = (requirements: readonly Requirement[]) => requirements.reduce((sum, { quorum }) => sum + quorum, 0)

/** Every way to take one requirement of each clause; a requirement that two clauses share is taken once. */
function choices(need: Need): readonly (readonly Requirement[])[] {
  return need.reduce<readonly (readonly Requirement[])[]>(
    (taken, clause) =>
      taken.flatMap((chosen) => clause.map((requirement) => (chosen.some((other) => same(other, requirement)) ? chosen : [...chosen, requirement]))),
    [[]],
  )
}

const same = (a: Requirement, b: Requirement) => a === b || JSON.stringify(a) === JSON.stringify(b)

/** Places left empty by a maximum matching of approvers to places (augmenting paths; needs are a handful of places). */
function unfilled(requirements: readonly Requirement[], approvers: readonly Approver[]): readonly Requirement[] {
  const humans = distinct(approvers)
  const slots = requirements.flatMap((requirement) => Array.from({ length: requirement.quorum }, () => requirement))
  const slotOf = new Map<number, number>()

  const fill = (human: number, tried: Set<number>): boolean =>
    slots.some((requirement, slot) => {
      if (tried.has(slot) || !isMember(requirement, humans[human]?.groups ?? [])) return false
      tried.add(slot)
      const holder = slotOf.get(slot)
      if (holder !== undefined && !fill(holder, tried)) return false
      slotOf.set(slot, human)
      return true
    })

  humans.forEach((_, human) => fill(human, new Set()))
  return requirements
    .map((requirement) => ({ ...requirement, quorum: slots.filter((slot, index) => slot === requirement && !slotOf.has(index)).length }))
    .filter(({ quorum }) => quorum > 0)
}

/** One entry a human: who approved twice in two roles is still one, with all the groups. */
function distinct(approvers: readonly Approver[]): readonly Approver[] {
  const byUser = new Map<string, Set<string>>()
  for (const { user, groups } of approvers) {
    const known = byUser.get(user) ?? new Set()
    groups.forEach((group) => known.add(group))
    byUser.set(user, known)
  }
  return [...byUser].map(([user, groups]) => ({ user, groups: [...groups] }))
}
