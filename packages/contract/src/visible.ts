/**
 * What a reader cannot see, or what makes him see something else: controls, formats (bidi, zero-width, tags),
 * surrogates, private and unassigned code points, line and paragraph separators, ignorable ones (Hangul fillers,
 * variation selectors), every space but U+0020, the blank Braille pattern, and the sign that starts an escape.
 */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}|<(?=U\+)/gu

/**
 * `text` on one line, with each code point that cannot be seen written as `<U+202E>`. Different texts stay different:
 * a `<U+` in the text itself is escaped too.
 */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`)
}

/** The lines of `text`, each `visible`. Print them numbered, so that blank lines cannot push a statement out of sight. */
export function visibleLines(text: string): readonly string[] {
  return text.split('\n').map(visible)
}
