import { generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { formatCheckpoint, parseCheckpoint } from '../src/checkpoint.ts'
import { LedgerError } from '../src/error.ts'
import { formatKey, KeyType, parseKey, type Signer, verifierKey } from '../src/key.ts'
import { cosign, formatNote, type Note, parseNote, signNote, verifyNote } from '../src/note.ts'

function newSigner(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return { publicKey: Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'), sign: (bytes) => sign(null, bytes, privateKey) }
}

const refused = (code: string) => expect.objectContaining({ name: 'LedgerError', code })
const [log, rotated, witness] = [newSigner(), newSigner(), newSigner()]
const logKey = verifierKey('example.com/log', log.publicKey)
const rotatedKey = verifierKey('example.com/log', rotated.publicKey)
const witnessKey = verifierKey('witness.example', witness.publicKey, KeyType.cosignature)

const lines = fc.string({ unit: 'binary' }).filter((line) => line.isWellFormed() && !/\p{Cc}/u.test(line))
const texts = fc.array(lines).map((list) => list.map((line) => `${line}\n`).join('') || 'x\n')
const times = fc.nat(2 ** 31 - 1)

const signed = (text: string, time: number): Note => ({
  text,
  signatures: [signNote(text, logKey.name, log), signNote(text, rotatedKey.name, rotated), cosign(text, witnessKey.name, witness, time)],
})

describe('a signed note', () => {
  test('reads back as it was signed, by each of its keys', () => {
    fc.assert(
      fc.property(texts, times, (text, time) => {
        const note = signed(text, time)
        const read = parseNote(Buffer.from(formatNote(note)))
        expect(read.text).toBe(text)
        expect(formatNote(read)).toBe(formatNote(note))
        expect(verifyNote(read, [witnessKey, logKey])).toEqual([
          { key: logKey, time: null },
          { key: witnessKey, time },
        ])
        expect(verifyNote(read, [rotatedKey])).toEqual([{ key: rotatedKey, time: null }])
      }),
    )
  })

  test('is not believed with any bit of it changed', () => {
    fc.assert(
      fc.property(texts, times, fc.nat(), (text, time, where) => {
        const note = signed(text, time)
        const bytes = Buffer.from(formatNote(note))
        const at = where % (bytes.length * 8)
        bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7))
        try {
          const read = parseNote(bytes)
          // What changed may be another's signature: then that one is gone, and the text is still the one that was signed.
          const by = verifyNote(read, [logKey, rotatedKey, witnessKey])
          expect(read.text).toBe(text)
          expect(by.length).toBeLessThan(3)
        } catch (error) {
          expect(error).toBeInstanceOf(LedgerError)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('is believed for no key that did not sign, and not at all when a known key did not', () => {
    const note = signed('text\n', 1)
    const stranger = verifierKey('example.com/log', newSigner().publicKey)
    expect(() => verifyNote(note, [stranger])).toThrow(refused('unsigned'))
    expect(() => verifyNote(note, [])).toThrow(refused('unsigned'))
    expect(() => verifyNote({ ...note, text: 'another\n' }, [logKey])).toThrow(refused('bad-signature'))
    const other = note.signatures[1]?.bytes ?? Buffer.alloc(0)
    const forged = { ...note, signatures: note.signatures.map((signature) => ({ ...signature, bytes: other })) }
    expect(verifyNote(forged, [rotatedKey]).length).toBe(1)
    expect(() => verifyNote(forged, [rotatedKey, logKey])).toThrow(refused('bad-signature'))
    expect(() => verifyNote({ ...note, signatures: [{ name: witnessKey.name, id: witnessKey.id, bytes: Buffer.alloc(5) }] }, [witnessKey])).toThrow(
      refused('bad-signature'),
    )
  })

  // A witness signs with a header of its own, so that its signature is never taken for a log's.
  it('of a witness is no signature of a log with the same key', () => {
    const name = 'example.com/both'
    const [asLog, asWitness] = [verifierKey(name, log.publicKey), verifierKey(name, log.publicKey, KeyType.cosignature)]
    expect(asLog.id).not.toBe(asWitness.id)
    const cosignature = cosign('text\n', name, log, 7)
    expect(() => verifyNote({ text: 'text\n', signatures: [{ ...cosignature, id: asLog.id, bytes: cosignature.bytes.subarray(8) }] }, [asLog])).toThrow(
      refused('bad-signature'),
    )
  })

  test('from anybody is read or refused, and nothing else', () => {
    const parts = fc.constantFrom('\n', '\n\n', '— ', '— example.com/log ', 'AAAAAAA=', 'text', '\r', '\0', ' ', '\u2028', '\u{1f600}')
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(parts).map((list) => list.join('')),
        ),
        (source) => {
          try {
            expect(formatNote(parseNote(source))).toBe(source)
          } catch (error) {
            expect(error).toBeInstanceOf(LedgerError)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  const line = '— example.com/log AAAAAAA=\n'
  it.each([
    ['nothing', ''],
    ['no signature', 'text\n\n'],
    ['no blank line', `text\n${line}`],
    ['a signature without its end', `text\n\n${line.trimEnd()}`],
    ['a hyphen for the dash', `text\n\n- example.com/log AAAAAAA=\n`],
    ['two spaces', 'text\n\n—  example.com/log AAAAAAA=\n'],
    ['a name with a plus', 'text\n\n— example+log AAAAAAA=\n'],
    ['a name with a no-break space', 'text\n\n— example\u00a0log AAAAAAA=\n'],
    ['base64 without padding', 'text\n\n— example.com/log AAAAAAA\n'],
    ['base64 for URLs', 'text\n\n— example.com/log AAAAA__=\n'],
    ['base64 with bits to spare', 'text\n\n— example.com/log AAAAAAB=\n'],
    ['a key id and nothing else', 'text\n\n— example.com/log AAAAAA==\n'],
    ['a carriage return', `text\r\n\n${line}`],
    ['a tab', `te\txt\n\n${line}`],
    ['a lone surrogate', `te\ud800xt\n\n${line}`],
  ])('refuses %s', (_name, source) => {
    expect(() => parseNote(source)).toThrow(refused('unreadable'))
  })

  it('refuses what would fill the memory, and bytes that are not UTF-8', () => {
    expect(() => parseNote('x'.repeat(1024 * 1024 + 1))).toThrow(refused('too-long'))
    expect(() => parseNote(`text\n\n${line.repeat(101)}`)).toThrow(refused('too-long'))
    expect(parseNote(`text\n\n${line.repeat(100)}`).signatures.length).toBe(100)
    expect(() => parseNote(Buffer.concat([Buffer.from([0xff]), Buffer.from(`text\n\n${line}`)]))).toThrow(refused('unreadable'))
  })

  // The example of C2SP signed-note, "Verifier keys" (CC BY 4.0).
  it('published as an example verifies', () => {
    const key = parseKey('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k')
    const note = parseNote(
      'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n',
    )
    expect(verifyNote(note, [key])).toEqual([{ key, time: null }])
    expect(() => verifyNote({ ...note, text: 'This is another message.\n' }, [key])).toThrow(refused('bad-signature'))
  })
})

describe('a key', () => {
  test('reads back from its text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.constantFrom(...Object.values(KeyType)), (publicKey, type) => {
        const key = verifierKey('countersign/tree-0123456789', publicKey, type)
        const read = parseKey(formatKey(key))
        expect({ ...read, publicKey: Uint8Array.from(read.publicKey) }).toEqual(key)
      }),
    )
  })

  const text = formatKey(logKey)
  it.each([
    ['nothing', ''],
    ['another id', text.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
    ['an id in capitals', 'example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'],
    ['a type that is not known', 'example.com/foo+530d903a+B+kyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'],
    ['a key that is cut', 'example.com/foo+530d903a+Aeky'],
    ['a name with white space', text.replace('/', ' ')],
    ['a line end', `${text}\n`],
    ['more than anyone needs', `${'x'.repeat(5000)}${text}`],
  ])('is not read from %s', (_name, wrong) => {
    expect(() => parseKey(wrong)).toThrow(refused('unreadable'))
  })
})

describe('a checkpoint', () => {
  const checkpoints = fc.record({
    origin: lines.filter((line) => line !== ''),
    size: fc.maxSafeNat(),
    root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    extensions: fc.array(lines.filter((line) => line !== '')),
  })

  test('reads back from its text', () => {
    fc.assert(
      fc.property(checkpoints, (checkpoint) => {
        const read = parseCheckpoint(formatCheckpoint(checkpoint))
        expect({ ...read, root: Uint8Array.from(read.root) }).toEqual(checkpoint)
      }),
    )
  })

  test('has one text', () => {
    const parts = fc.constantFrom('\n', 'origin\n', '0\n', '00\n', '1\n', '-1\n', '9007199254740992\n', `${'A'.repeat(43)}=\n`, `${'A'.repeat(42)}B=\n`, 'more')
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 6 }), (list) => {
        const text = list.join('')
        try {
          expect(formatCheckpoint(parseCheckpoint(text))).toBe(text)
        } catch (error) {
          expect(error).toEqual(refused('unreadable'))
        }
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    '',
    'origin\n1\n',
    'origin\n01\nAAAA\n',
    `origin\n1\n${'A'.repeat(43)}=`,
    `origin\n9007199254740992\n${'A'.repeat(43)}=\n`,
    `\n1\n${'A'.repeat(43)}=\n`,
    `o\n1\n${'A'.repeat(43)}=\n\n`,
  ])('is not read from %j', (text) => {
    expect(() => parseCheckpoint(text)).toThrow(refused('unreadable'))
  })

  it('is not made of what would read back as another', () => {
    const root = Buffer.alloc(32)
    expect(() => formatCheckpoint({ origin: 'a\nb', size: 1, root, extensions: [] })).toThrow(refused('unreadable'))
    expect(() => formatCheckpoint({ origin: 'a', size: 1.5, root, extensions: [] })).toThrow(refused('unreadable'))
    expect(() => formatCheckpoint({ origin: 'a', size: 1, root, extensions: [''] })).toThrow(refused('unreadable'))
    expect(() => formatCheckpoint({ origin: 'a', size: 1, root: Buffer.alloc(31), extensions: [] })).toThrow(refused('unreadable'))
  })
})
