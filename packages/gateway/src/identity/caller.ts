import type { Principal } from '@countersign/core/principal'

/** Somebody who has proved who he is, on any door. Groups are read at each use, so leaving one binds the next action. */
export interface Caller {
  readonly principal: Principal
  readonly admin: boolean
  /** Reviews need a person's own token: one the local administrator minted cannot review unless `--may-review` was said. */
  readonly mayReview: boolean
  /** False when the local administrator minted the token: reviews made with it are shown as `unproven`. */
  readonly proven: boolean
  /** The token's id; null for the local administrator on the gateway's own socket. */
  readonly token: string | null
}
