/**
 * Texts that differ in whole numbers alone: `… WHERE aid = 48213;` and `… WHERE aid = 7;`. PostgreSQL's grammar derives them alike, because a number
 * is one token (ICONST) whatever its value, so what was found out about one holds for the other. This is no second parser: it splits nothing into
 * tokens but numbers, and gives up on any text in which a number could be anything else (decisions/0014).
 */

/** No quote, no backslash, no comment, no minus, no slash, no bracket: nothing in which digits could be text, and nothing that is not ASCII. */
const PLAIN = /^[A-Za-z0-9_ \n\t,.()=<>+*;$]*$/

/** Up to nine digits between two characters that end a token on either side. Ten might be no integer any more. */
const NUMBER = /(?<=[ \n\t,(=<>+*])\d{1,9}(?=[ \n\t,)=<>+*;]|$)/g

/** The grammar looks at the number in one place: float(24) is float4, float(25) float8, and float(54) an error. */
const LOOKED_AT = /float/i

/** A longer text costs more to look through than it is likely to come again. */
const MAX_LENGTH = 2_000

/** The text with `?` in place of each number, which names all texts like it; null where numbers may be something else, or where there are none. */
export function templateOf(text: string): string | null {
  if (text.length > MAX_LENGTH || !PLAIN.test(text)) return null
  const template = text.replace(NUMBER, '?')
  return template === text || LOOKED_AT.test(text) ? null : template
}

/** Where a statement stands in a text: how many characters before it, and how many behind it. None of them are part of a number. */
export interface Slot {
  readonly before: number
  readonly behind: number
}

/** Null when there is anything but white space and semicolons around it. */
export function slotOf(text: string, statement: string): Slot | null {
  const before = text.indexOf(statement)
  const behind = text.length - before - statement.length
  return before >= 0 && AROUND.test(text.slice(0, before)) && AROUND.test(text.slice(text.length - behind)) ? { before, behind } : null
}

const AROUND = /^[ \n\t;]*$/

export const inSlot = (text: string, { before, behind }: Slot): string => text.slice(before, text.length - behind)
