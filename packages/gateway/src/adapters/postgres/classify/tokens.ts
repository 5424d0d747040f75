/** A token as it stands in a text: `$tag$ … $tag$`, `'…'` with its prefix, `"…"`, a word, or other characters: `=` and `;` alone. */
export interface Token {
  readonly kind: 'literal' | 'word' | 'other'
  readonly text: string
}

/** What begins here. Whatever may be long is not read by this: a repetition in a pattern takes memory for each character, and of ten million it has none. */
const BEGINNING = /(?<skip>\s{1,1000}|--|\/\*)|(?<quote>(?:[uU]&|[eEbBxXnN])?')|(?<word>"|[\p{L}_][\p{L}\p{N}_$]{0,1000})|[^\s\p{L}_"'$=;/-]{1,1000}|[\s\S]/uy
/** One of UTF-16 units: such a repetition takes no memory. */
const TAG = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y

/**
 * The tokens of a text, without white space and comments; of a word that is longer than any keyword the pieces. Takes as long as the text is, whatever that is: it may be
 * no SQL at all.
 */
export function* tokensOf(text: string): Generator<Token, void, undefined> {
  for (let at = 0; at < text.length;) {
    const tag = text[at] === '$' ? matchAt(TAG, text, at)?.[0] : undefined
    const { 0: start = '', groups: { skip, quote, word } = {} } = matchAt(BEGINNING, text, at) ?? {}
    const begun = at + start.length
    const from = at
    if (skip !== undefined) {
      at = endOfSkip(text, begun, skip)
      continue
    }
    if (tag !== undefined) at = after(text, tag, at + tag.length)
    else if (quote !== undefined) at = endOfQuoted(text, begun, "'", /^[eE]/.test(quote))
    else at = word === '"' ? endOfQuoted(text, begun, '"', false) : begun
    yield { kind: tag !== undefined || quote !== undefined ? 'literal' : word !== undefined ? 'word' : 'other', text: text.slice(from, at) }
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

function endOfSkip(text: string, begun: number, skip: string): number {
  if (skip === '--') return after(text, '\n', begun)
  return skip === '/*' ? after(text, '*/', begun) : begun
}

/** Behind the next of it; the end of the text where there is none. */
function after(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from)
  return found < 0 ? text.length : found + what.length
}

/** A quote within is written twice, and where a backslash escapes, also behind one. */
function endOfQuoted(text: string, from: number, quote: string, escapes: boolean): number {
  let [end, escape] = [text.indexOf(quote, from), escapes ? text.indexOf('\\', from) : -1]
  for (let at = from; ;) {
    // Neither is looked for again before it is passed: the next one may be far away.
    if (end >= 0 && end < at) end = text.indexOf(quote, at)
    if (escape >= 0 && escape < at) escape = text.indexOf('\\', at)
    if (escape >= 0 && (end < 0 || escape < end)) at = escape + 2
    else if (end < 0) return text.length
    else if (text[end + 1] === quote) at = end + 2
    else return end + 1
  }
}
