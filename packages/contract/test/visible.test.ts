import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { visible, visibleLines } from '../src/visible.ts'

const hidden = fc.constantFrom(
  '\u0000',
  '\u001b',
  '\n',
  '\r',
  '\t',
  '\u0085',
  '\u061c',
  '\u200b',
  '\u200d',
  '\u200e',
  '\u202e',
  '\u2066',
  '\ufeff',
  '\u00a0',
  '\u3164',
  '\u{e0041}',
  '\ud800',
)
const nasty = fc
  .array(fc.oneof(hidden, fc.string({ unit: 'binary' }), fc.constantFrom('<', 'U', '+', '<U+', '>', '202E', '<U+202E>', 'DELETE')), { maxLength: 12 })
  .map((parts) => parts.join(''))

/** The inverse, which exists because different texts stay different. */
const back = (shown: string) => shown.replace(/<U\+([0-9A-F]{4,6})>/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))

describe('visible', () => {
  test('shows nothing that cannot be seen, whatever the text', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(visible(text)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\u2800]|(?! )\p{Zs}/u)
      }),
    )
  })

  test('can be undone, so that two texts never look the same', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(back(visible(text))).toBe(text)
      }),
    )
    fc.assert(
      fc.property(nasty, nasty, (a, b) => {
        expect(visible(a) === visible(b)).toBe(a === b)
      }),
    )
  })

  test('leaves what anybody can read as it is', () => {
    const text = "SELECT 'naïve <b> \\n 価格' FROM orders WHERE a <> 1 AND b < 2"
    expect(visible(text)).toBe(text)
  })

  test('shows an override, a terminal escape and a forged escape for what they are', () => {
    expect(visible('DELETE \u202e--\u001b[2K')).toBe('DELETE <U+202E>--<U+001B>[2K')
    expect(visible('<U+202E>')).toBe('<U+003C>U+202E>')
  })

  test('keeps lines apart without letting one hide another', () => {
    expect(visibleLines('SELECT 1;\r\n\nDROP TABLE t')).toEqual(['SELECT 1;<U+000D>', '', 'DROP TABLE t'])
    fc.assert(fc.property(nasty, (text) => visibleLines(text).map(back).join('\n') === text))
  })
})
