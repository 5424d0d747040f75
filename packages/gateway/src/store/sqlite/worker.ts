import { parentPort, workerData } from 'node:worker_threads'
import { connect } from './file.ts'
import { type Answered, type Asked, Statements } from './statements.ts'

/** Asked of the worker. */
export interface Question extends Asked {
  readonly id: number
}

/** `error` is SQLite's message. */
export type Answer = { readonly id: number } & (Answered | { readonly error: string })

const statements = new Statements(connect(String(workerData)))

parentPort?.on('message', (question: Question) => parentPort?.postMessage(answer(question)))

function answer(question: Question): Answer {
  const { id } = question
  try {
    return { id, ...statements.run(question) }
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) }
  }
}
