/** A group as a directory has provisioned it. Who is in it stands with the people: its name is among their groups. */
export interface ScimGroupRecord {
  readonly id: string
  readonly version: number
  readonly name: string
  readonly externalId: string | null
  readonly createdAt: number
  readonly updatedAt: number
}

/** Table `scim_groups`. */
export interface ScimGroupStore {
  /** False: there is one of this name; nothing changed. */
  insert(group: ScimGroupRecord): Promise<boolean>
  get(id: string): Promise<ScimGroupRecord | null>
  /** By name. */
  list(): Promise<readonly ScimGroupRecord[]>
  /** Replaces version `next.version - 1`. False: somebody else was first, or there is another of this name; nothing changed. */
  save(next: ScimGroupRecord): Promise<boolean>
  remove(id: string): Promise<void>
}
