import { parentPort } from 'node:worker_threads'
import { classify, loadGrammar } from '../classify.ts'

/** Asked of the thread: one text. It answers with its `Classified`, shapes included, so that nothing is left to parse. */
export interface Question {
  readonly text: string
  readonly trusted: readonly string[]
}

await loadGrammar()
parentPort?.on('message', ({ text, trusted }: Question) => parentPort?.postMessage(classify(text, { trusted })))
