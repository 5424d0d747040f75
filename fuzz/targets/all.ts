import type { Target } from '../fuzzer.ts'
import { backend } from './backend.ts'
import { frontend } from './frontend.ts'
import { relay } from './relay.ts'
import { scramClient, scramServer } from './scram.ts'
import { startup } from './startup.ts'

/** Every codec, in each of its directions. */
export const targets: readonly Target[] = [frontend, backend, startup, scramServer, scramClient, relay]
