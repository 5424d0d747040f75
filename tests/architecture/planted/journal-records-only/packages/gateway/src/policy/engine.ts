export const decide = 0
