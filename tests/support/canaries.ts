import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Each way in which a text may stand somewhere: in clear, URL-encoded, in hexadecimal of either case, and in base64 at each of the three places where it may begin. */
export function formsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text)
  const hex = bytes.toString('hex')
  return [text, encodeURIComponent(text), hex, hex.toUpperCase(), ...[0, 1, 2].map((before) => base64Of(bytes, before)), bytes.toString('utf16le')]
}

/** Without the letters at either end that depend on what is beside it. */
function base64Of(bytes: Buffer, before: number): string {
  const letters = Buffer.concat([Buffer.alloc(before), bytes])
    .toString('base64')
    .replaceAll('=', '')
  return letters.slice(before === 0 ? 0 : before + 1, -1)
}

/** The canaries among `words` that stand in these bytes, in any form. */
export function canariesIn(bytes: string | Uint8Array, words: readonly string[]): readonly string[] {
  const haystack = Buffer.from(bytes)
  return words.filter((word) => formsOf(word).some((form) => haystack.includes(form)))
}

/** The same of every file under a folder: `file: canary`. */
export function canariesUnder(folder: string, words: readonly string[]): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .flatMap((path) => canariesIn(readFileSync(path), words).map((word) => `${path.slice(folder.length)}: ${word}`))
}

/** The arguments of a process and of all that it has started. */
export function argumentsOf(pid: number): string {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  return [readFileSync(`/proc/${pid}/cmdline`, 'utf8'), ...children.map(argumentsOf)].join('\n')
}
