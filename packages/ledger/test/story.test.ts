import { expect, test } from 'vitest'
import { storyOf, type Told } from '../src/story.ts'

test('a run that stopped in the middle and went on is told by the last that is said of it', () => {
  const told = (at: number, type: string, body: Told['body']): Told => ({ gateway: 'gw-a', at, type, body, secret: null })
  const finished = (at: number, summary: string) => told(at, 'action.finished', { run: 's.1', session: 's', result: 'done', summary })
  const started = told(1, 'action.started', { run: 's.1', session: 's', requests: ['req-1'] })
  const { runs } = storyOf('req-1', [started, finished(2, 'suspended'), finished(3, 'SELECT 40'), told(4, 'action.finished', { run: 's.2', result: 'failed' })])
  expect(runs).toMatchObject([{ run: 's.1', outcome: { at: new Date(3).toISOString(), result: 'done', summary: 'SELECT 40' } }])
})
