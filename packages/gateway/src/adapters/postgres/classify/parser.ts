import createModule, { type PgQueryModule } from 'libpg-query/wasm/libpg-query.js'

/** PostgreSQL's parser refused the text; the message is the parser's own. */
export class ParseError extends Error {
  override readonly name = 'ParseError'
}

/** The parser itself is not there: not loaded yet, or being replaced after it failed. It is back a moment later. */
export class ParserBusy extends Error {
  override readonly name = 'ParserBusy'
}

/**
 * libpg-query's own wrapper keeps one WebAssembly instance for ever. An exception out of it (deep nesting overflows the JavaScript stack) leaves its inner
 * stack where it was, and after some 25 of them the next statement is parsed in corrupted memory (tried). So an instance that threw is
 * never used again, and a spare is always ready.
 */
let current: PgQueryModule | null = null
let spare: PgQueryModule | null = null

/** Loads the parser and its spare. */
export async function load(): Promise<void> {
  current ??= await createModule()
  spare ??= await createModule()
}

/** The parse tree of a message as libpg-query's JSON. Throws `ParseError`, `ParserBusy`, or what the failing instance threw. */
export function parseTree(message: string): unknown {
  return JSON.parse(use(message, readTree))
}

/** Sixteen hexadecimal digits, or null when there is none. */
export function fingerprintOf(statement: string): string | null {
  const text = use(statement, readFingerprint)
  return /^[0-9a-f]{16}$/.test(text) ? text : null
}

function use(text: string, read: (parser: PgQueryModule, pointer: number) => string): string {
  if (!current) throw new ParserBusy('the SQL parser is starting; try again')
  const parser = current
  try {
    return withText(parser, text, read)
  } catch (error) {
    if (!(error instanceof ParseError)) replace()
    throw error
  }
}

function withText(parser: PgQueryModule, text: string, read: (parser: PgQueryModule, pointer: number) => string): string {
  const bytes = parser.lengthBytesUTF8(text) + 1
  const pointer = parser._malloc(bytes)
  if (pointer === 0) throw new Error('the SQL parser is out of memory')
  parser.stringToUTF8(text, pointer, bytes)
  try {
    return read(parser, pointer)
  } finally {
    parser._free(pointer)
  }
}

/** The struct is {parse_tree, stderr_buffer, error}, and an error begins with its message. */
function readTree(parser: PgQueryModule, query: number): string {
  const result = parser._wasm_parse_query_raw(query)
  if (result === 0) throw new Error('the SQL parser is out of memory')
  const tree = parser.getValue(result, 'i32')
  const error = parser.getValue(result + 8, 'i32')
  const text = parser.UTF8ToString(error === 0 ? tree : parser.getValue(error, 'i32'))
  parser._wasm_free_parse_result(result)
  if (error !== 0) throw new ParseError(text)
  return text
}

function readFingerprint(parser: PgQueryModule, query: number): string {
  const result = parser._wasm_fingerprint(query)
  const text = parser.UTF8ToString(result)
  parser._wasm_free_string(result)
  return text
}

function replace(): void {
  current = spare
  spare = null
  createModule().then(
    (fresh) => {
      if (current) spare = fresh
      else current = fresh
    },
    () => undefined, // without a spare the next failure leaves `sql:unknown`, which is safe
  )
}
