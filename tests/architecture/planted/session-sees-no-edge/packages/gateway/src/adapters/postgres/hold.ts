export const hold = 0
