import { ProtocolError } from '@countersign/wire/postgres/error'
import { FrontendDecoder } from '@countersign/wire/postgres/frontend'
import { decodeFrontend, type FrontendMessage } from '@countersign/wire/postgres/frontend-message'
import { Finding, type Target } from '../fuzzer.ts'
import type { Random } from '../random.ts'
import { chunksOf, sessions } from './streams.ts'

const CAP = 64 * 1024

/** What a client may send: framed by nothing but the lengths, as slowly and plainly as can be, it must come to the same messages. */
export const frontend: Target = {
  name: 'postgres: from a client',
  seeds: sessions('client'),
  attempt(input, random) {
    const plain = plainly(input)
    const decoded = inChunks(input, random)
    for (const [index, message] of decoded.messages.entries()) {
      const expected = plain.messages[index]
      if (!expected || expected.kind !== message.kind || Buffer.compare(expected.raw, message.raw) !== 0)
        throw new Finding(`message ${index} is ${message.kind}, and ${expected?.kind ?? 'nothing'} read plainly`)
    }
    if (!decoded.refused && decoded.messages.length !== plain.messages.length)
      throw new Finding(`${decoded.messages.length} messages, and ${plain.messages.length} read plainly`)
    if (decoded.refused !== plain.refused) throw new Finding(`refused: ${decoded.refused}, and ${plain.refused} read plainly`)
    return plain.messages.length
  },
}

interface Decoded {
  readonly messages: readonly FrontendMessage[]
  readonly refused: boolean
}

function inChunks(input: Uint8Array, random: Random): Decoded {
  const decoder = new FrontendDecoder({ maxMessageBytes: CAP })
  const messages: FrontendMessage[] = []
  try {
    for (const chunk of chunksOf(input, random)) {
      messages.push(...decoder.push(chunk))
      if (decoder.buffered > CAP) throw new Finding(`${decoder.buffered} bytes are buffered, and ${CAP} is the cap`)
    }
    return { messages, refused: false }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return { messages, refused: true }
  }
}

function plainly(input: Uint8Array): Decoded {
  const messages: FrontendMessage[] = []
  for (let at = 0; at + 5 <= input.length;) {
    const size = Buffer.from(input.buffer, input.byteOffset, input.byteLength).readInt32BE(at + 1) + 1
    const cap = capOf(String.fromCharCode(input[at] ?? 0))
    if (size < 5 || size > cap) return { messages, refused: true }
    if (at + size > input.length) break
    try {
      messages.push(decodeFrontend(input.subarray(at, at + size)))
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      return { messages, refused: true }
    }
    at += size
  }
  return { messages, refused: false }
}

/** 0 for what is no message of a client. */
function capOf(letter: string): number {
  if ('QPBFdf'.includes(letter)) return CAP
  if (letter === 'p') return 65_535
  return 'DECHSXc'.includes(letter) ? 10_000 : 0
}
