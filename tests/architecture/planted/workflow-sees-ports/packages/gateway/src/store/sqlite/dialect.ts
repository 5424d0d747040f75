export const insert = 0
