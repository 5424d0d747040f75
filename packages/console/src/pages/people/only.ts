/** Of whom the list can be. */
export const ONLY = ['admins', 'auditors', 'disabled'] as const

export type Only = (typeof ONLY)[number]
