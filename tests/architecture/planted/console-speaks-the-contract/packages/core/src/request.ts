export const may = true
