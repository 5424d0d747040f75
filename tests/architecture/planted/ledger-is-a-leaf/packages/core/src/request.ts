export const status = 'pending'
