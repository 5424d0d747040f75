/** What somebody can be told of: a request waits for his review, his own was decided, his grant ends soon, somebody took it back, something is wrong with the ledger (admins). */
export const NOTIFICATION_KINDS = ['review', 'decided', 'ending', 'revoked', 'ledger'] as const
export type NotificationKind = (typeof NOTIFICATION_KINDS)[number]

/** How a person is told. */
export const PERSONAL_CHANNELS = ['email', 'push'] as const
export type PersonalChannel = (typeof PERSONAL_CHANNELS)[number]

/** Nothing is sent from one time of day to another, which may be that of the next day: `22:00` to `07:00`. `timeZone` is an IANA name. */
export interface QuietHours {
  readonly from: string
  readonly until: string
  readonly timeZone: string
}

/** What one person wants to be told of, and how. */
export interface NotificationChoices {
  readonly kinds: Readonly<Record<NotificationKind, Readonly<Record<PersonalChannel, boolean>>>>
  readonly quiet: QuietHours | null
}

/** For who has chosen nothing: somebody waits for a reviewer, so he is told by whatever reaches him; what is his own news is not worth an e-mail. */
export const DEFAULT_CHOICES: NotificationChoices = {
  kinds: {
    review: { email: true, push: true },
    decided: { email: false, push: true },
    ending: { email: false, push: true },
    revoked: { email: true, push: true },
    ledger: { email: true, push: true },
  },
  quiet: null,
}

const MINUTE_MS = 60_000
const DAY_MINUTES = 24 * 60

/** When the quiet hours end that it is in at `now` (Unix milliseconds); null when it is in none. Where clocks are put forward or back meanwhile it is asked again then. */
export function quietUntil({ quiet }: Pick<NotificationChoices, 'quiet'>, now: number): number | null {
  if (quiet === null) return null
  const [at, from, until] = [timeOfDay(now, quiet.timeZone), minutesOf(quiet.from), minutesOf(quiet.until)]
  const left = (until - at + DAY_MINUTES) % DAY_MINUTES
  const length = (until - from + DAY_MINUTES) % DAY_MINUTES
  return left > 0 && left <= length ? now - (now % MINUTE_MS) + left * MINUTE_MS : null
}

/** Whether there is a time zone of this name here. */
export function isTimeZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en-GB', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

function timeOfDay(at: number, timeZone: string): number {
  return minutesOf(new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(at))
}

function minutesOf(text: string): number {
  const [hours = NaN, minutes = NaN] = text.split(':').map(Number)
  return hours * 60 + minutes
}
