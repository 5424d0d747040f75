import type { Span } from '@countersign/core/action'
import { shape } from './grammar.ts'

/** A number with its sign, and each way to write a string; what is written on over several lines too. */
const CONSTANT =
  /-?\s*(?:0[xob][\da-f_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?\d+)?)|\$(\w*)\$[\s\S]*?\$\1\$|e'(?:[^'\\]|''|\\[\s\S])*'(?:\s*\n\s*'(?:[^'\\]|''|\\[\s\S])*')*|(?:u&|n)?'(?:[^']|'')*'(?:\s*\n\s*'(?:[^']|'')*')*/iy

/**
 * Where the constants stand that may differ in the shape of this one statement, in the order of the text. Empty where it has no shape; null where a constant is not found
 * in the text where the parser has seen it, so that nobody is shown a part of them for the whole.
 */
export function differingIn(text: string): readonly Span[] | null {
  const bytes = Buffer.from(text)
  const spans: Span[] = []
  for (const { location } of shape(text)?.differs ?? []) {
    const from = bytes.toString('utf8', 0, location).length
    CONSTANT.lastIndex = from
    const found = CONSTANT.exec(text)
    if (!found) return null
    spans.push({ from, to: from + found[0].length })
  }
  return spans.toSorted((a, b) => a.from - b.from)
}
