import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Answers, Peer } from '../../src/workers/peer.ts'

/** A peer whose other end is the test. */
function alone(answers: Answers = new Map()) {
  const sent: unknown[] = []
  const garbled: string[] = []
  let closed = false
  const channel = { send: (message: unknown) => void sent.push(message), close: () => (closed = true) }
  const peer = new Peer(channel, answers, (why) => garbled.push(why))
  return { peer, sent, garbled, isClosed: () => closed }
}

test('whatever comes that is no message ends the channel, and whoever waits is told', async () => {
  const notMessages = fc.jsonValue().filter((value) => !(typeof value === 'object' && value !== null && ('ask' in value || 'answer' in value)))
  await fc.assert(
    fc.asyncProperty(notMessages, async (value) => {
      const { peer, garbled, isClosed } = alone()
      const waiting = peer.ask('anything')
      peer.received(value)
      await expect(waiting).rejects.toThrow('the channel between two processes of this gateway was ended')
      await expect(peer.ask('more')).rejects.toThrow('was ended')
      expect([garbled.length, isClosed()]).toEqual([1, true])
    }),
  )
})

test.each([
  { ask: 1, call: 'a', args: [], more: 1 },
  { ask: '1', call: 'a', args: [] },
  { ask: 1.5, call: 'a', args: [] },
  { ask: 1, call: 'a' },
  { answer: 1, error: 7 },
  { answer: 1, result: 1, error: 'both' },
  { answer: 99, result: 'to what nobody asked' },
])('%j ends the channel', (message) => {
  const { peer, isClosed } = alone()
  peer.received(message)
  expect(isClosed()).toBe(true)
})

test('a second answer to the same question ends the channel', async () => {
  const { peer, isClosed } = alone()
  const asked = peer.ask('anything')
  peer.received({ answer: 1, result: 'first' })
  peer.received({ answer: 1, result: 'second' })
  expect(await asked).toBe('first')
  expect(isClosed()).toBe(true)
})

test('what nobody answers is refused, and so is what fails; the channel goes on', async () => {
  const answers = new Map([['fail', () => Promise.reject(new Error('for a reason'))]])
  const { peer, sent, isClosed } = alone(answers)
  for (const [ask, call] of ['toString', '__proto__', 'fail'].entries()) peer.received({ ask, call, args: [] })
  await new Promise(setImmediate)
  expect(sent).toEqual([
    { answer: 0, error: 'nobody here answers toString' },
    { answer: 1, error: 'nobody here answers __proto__' },
    { answer: 2, error: 'for a reason' },
  ])
  expect(isClosed()).toBe(false)
})

test('more questions than can wait are refused at once, on either side', async () => {
  const never = new Promise<never>(() => undefined)
  const { peer, sent } = alone(new Map([['wait', () => never]]))
  for (let count = 0; count < 20_000; count++) peer.ask('wait').catch(() => undefined)
  await expect(peer.ask('wait')).rejects.toThrow('so no more are asked')
  sent.length = 0
  for (let ask = 0; ask <= 20_000; ask++) peer.received({ ask, call: 'wait', args: [] })
  await new Promise(setImmediate)
  expect(sent).toEqual([{ answer: 20_000, error: '20000 questions are being answered already' }])
})

test('who is lost answers nobody, and is asked nothing', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { peer, sent } = alone(new Map([['wait', () => promise]]))
  peer.received({ ask: 1, call: 'wait', args: [] })
  const asked = peer.ask('anything')
  sent.length = 0
  peer.lost('worker 1 has ended')
  await expect(asked).rejects.toThrow('worker 1 has ended')
  await expect(peer.ask('anything')).rejects.toThrow('worker 1 has ended')
  resolve()
  await new Promise(setImmediate)
  expect(sent).toEqual([])
})
