export const openStore = () => 'opened'
