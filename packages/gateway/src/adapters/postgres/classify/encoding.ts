/**
 * The parser has every text in UTF-8. A server of another encoding has names in that: of a long one it keeps more, or less, than the parser, and where a letter is one byte it also
 * makes small ones of capitals that are not ASCII (PostgreSQL source, downcase_identifier). Then one name is another to each.
 */

/** A server's own encoding may take four bytes for each, and 63 are kept. */
const MAX_CHARACTERS = 15

const NOT_ASCII = /[\u0080-\uffff]/
/** No backslash, no dollar, no double quote, no comment: each quote begins a text or ends it. */
const PLAIN = /^(?![^]*(?:--|\/\*))[^\\$"]*$/
/** What no name holds that is written without quotes. */
const BETWEEN = /[^\w$\u0080-\uffff]+/

/** False only where every name in a text is the same to a server of any encoding. What stands in quotes counts too, unless it is certain that it is no name. */
export function namesMayDiffer(text: string): boolean {
  if (/u&"/i.test(text)) return true // letters may be written as numbers
  if (!NOT_ASCII.test(text)) return false
  const names = PLAIN.test(text) ? text.replace(/'[^']*'/g, ' ') : text
  return names.split(names.includes('"') ? '"' : BETWEEN).some(mayDiffer)
}

function mayDiffer(name: string): boolean {
  const letters = name.replace(/[^\u0080-\uffff]+/g, '')
  return letters.length > 0 && (name.length > MAX_CHARACTERS || letters !== letters.toLowerCase())
}
