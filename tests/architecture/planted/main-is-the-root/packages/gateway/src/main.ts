export const start = 0
