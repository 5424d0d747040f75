/** Of how many days figures are shown; the address says which, and nothing for the default. */
export const DAYS = [7, 30, 90] as const
export const DEFAULT_DAYS = 30
