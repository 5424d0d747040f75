/** The version of the Open Cybersecurity Schema Framework that is written (schema.ocsf.io). */
export const OCSF_VERSION = '1.8.0'

/** A class of events, with the activities of it that are used here. 0 and 99 are in all of them. */
export interface OcsfClass {
  readonly uid: number
  readonly name: string
  readonly category: { readonly uid: number; readonly name: string }
  readonly activities: Readonly<Record<number, string>>
}

const IAM = { uid: 3, name: 'Identity & Access Management' }
const APPLICATION = { uid: 6, name: 'Application Activity' }
const ALWAYS = { 0: 'Unknown', 99: 'Other' }

export const ACCOUNT_CHANGE: OcsfClass = { uid: 3001, name: 'Account Change', category: IAM, activities: { ...ALWAYS, 1: 'Create', 6: 'Delete' } }
export const AUTHENTICATION: OcsfClass = { uid: 3002, name: 'Authentication', category: IAM, activities: { ...ALWAYS, 1: 'Logon', 2: 'Logoff' } }
export const ENTITY_MANAGEMENT: OcsfClass = {
  uid: 3004,
  name: 'Entity Management',
  category: IAM,
  activities: { ...ALWAYS, 1: 'Create', 2: 'Read', 3: 'Update', 4: 'Delete', 6: 'Enroll', 8: 'Enable' },
}
export const USER_ACCESS: OcsfClass = {
  uid: 3005,
  name: 'User Access Management',
  category: IAM,
  activities: { ...ALWAYS, 1: 'Assign Privileges', 2: 'Revoke Privileges' },
}
export const LIFECYCLE: OcsfClass = { uid: 6002, name: 'Application Lifecycle', category: APPLICATION, activities: { ...ALWAYS, 3: 'Start', 4: 'Stop' } }
export const DATASTORE: OcsfClass = {
  uid: 6005,
  name: 'Datastore Activity',
  category: APPLICATION,
  activities: { ...ALWAYS, 3: 'Connect', 4: 'Query', 5: 'Write' },
}
/** For an event that this version has no class for. */
export const BASE: OcsfClass = { uid: 0, name: 'Base Event', category: { uid: 0, name: 'Uncategorized' }, activities: ALWAYS }
