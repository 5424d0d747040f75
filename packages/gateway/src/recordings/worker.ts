import { parentPort, workerData } from 'node:worker_threads'
import { Follower } from './follower.ts'
import { openPlace } from './place.ts'
import { scan } from './scan.ts'
import type { Answer, Question, Start } from './thread.ts'

/* What reads journals and recordings: it decrypts, compresses and searches, which no statement should wait for. */

const { follower, recordings, key }: Start = workerData
const following = follower && new Follower(follower)
const place = openPlace(recordings)
let turn: Promise<void> = Promise.resolve()

parentPort?.on('message', (question: Question) => {
  turn = turn.then(async () => parentPort?.postMessage(await answer(question)))
})

async function answer(question: Question): Promise<Answer> {
  try {
    if (question.ask === 'scan') return { ask: 'scan', result: await scan(place, key, question.recordings, question.wanted) }
    if (!following) throw new Error('this thread follows no journal')
    if (question.ask === 'running') {
      const { session, first, most } = question
      return { ask: 'running', result: { running: following.running(session, first, most) } }
    }
    const { gateway, from, upTo, isRetired } = question
    return { ask: 'follow', result: await following.follow(gateway, from, upTo, isRetired) }
  } catch (error) {
    return { ask: 'failed', message: error instanceof Error ? error.message : String(error) }
  }
}
