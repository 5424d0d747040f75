export const ask = 0
