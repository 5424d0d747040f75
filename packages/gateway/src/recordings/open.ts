import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/config.ts'
import type { Journal } from '../journal/journal.ts'
import type { LocalJournal } from '../journal/open.ts'
import type { Store } from '../store/store.ts'
import { Keeping } from './keeping.ts'
import { readRecordingKey } from './key.ts'
import { Library } from './library.ts'
import { openPlace } from './place.ts'
import { Recorder } from './recorder.ts'
import { RecordingThread } from './thread.ts'

export interface RecordingsOptions {
  readonly config: Pick<Config, 'data' | 'workers' | 'recordings' | 'resources'>
  readonly store: Store
  readonly journal: Journal
  readonly local: LocalJournal
  readonly clock: Clock
  readonly log: Logger
}

export interface Recordings {
  readonly library: Library
  /** Sessions are recorded from now on, and those of earlier processes that are not yet. */
  start(): void
  close(): Promise<void>
}

/** Null where no recordings are configured. With `recording` false those that are there can be read, and none is made. Rejects where there is no key. */
export async function openRecordings(options: RecordingsOptions, recording: boolean): Promise<Recordings | null> {
  const { config, store, journal, local, clock, log } = options
  const { recordings, data } = config
  if (recordings === null) return null
  const key = await readRecordingKey(recordings.key, data)
  const place = openPlace(recordings)
  const parametersOf = Object.values(config.resources).flatMap(({ name, recording: { parameters } }) => (parameters === 'keep' ? [name] : []))
  const follower = { directory: data, recipient: key.recipient, parametersOf }
  const making = new RecordingThread({ recordings, key, follower })
  const searching = new RecordingThread({ recordings, key, follower: null })
  const keeping = new Keeping({ store, journal, local, place, clock })
  const recorder = new Recorder({ config, recordings, store, journal: local, thread: making, keeping, clock, log })
  if (recording) await recorder.prepare()
  return {
    library: new Library({ store, journal, key, place, thread: searching, making }),
    start: () => recorder.start(),
    close: async () => {
      await recorder.stop()
      await Promise.all([making.stop(), searching.stop()])
    },
  }
}
