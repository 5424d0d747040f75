import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Leaves the processor to whoever waits for it. A scheduler takes it from a busy thread only after some milliseconds, which is what a statement would
 * then take longer: so work behind everybody's back is done a millisecond at a time.
 */
export const breathe = (): Promise<void> => sleep(1)
