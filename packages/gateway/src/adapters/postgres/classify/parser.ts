import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
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
 * never used again, and a spare is always ready. The code is compiled once: a new instance then takes no more than microtasks, so the next message has one.
 */
let code: WebAssembly.Module | null = null
let current: PgQueryModule | null = null
let spare: PgQueryModule | null = null
let refilling = false

/** Loads the parser and its spare. */
export async function load(): Promise<void> {
  const file = createRequire(import.meta.url).resolve('libpg-query/wasm/libpg-query.wasm')
  code ??= await WebAssembly.compile(await readFile(file))
  current ??= await instantiate(code)
  spare ??= await instantiate(code)
}

function instantiate(code: WebAssembly.Module): Promise<PgQueryModule> {
  return createModule({ instantiateWasm: (imports, ready) => ready(new WebAssembly.Instance(code, imports)) })
}

/** The parse tree of a message as libpg-query's JSON. Throws `ParseError`, `ParserBusy`, or what the failing instance threw. */
export function parseTree(message: string): unknown {
  return JSON.parse(use(message, readTree))
}

function use(text: string, read: (parser: PgQueryModule, pointer: number) => string): string {
  if (!current || !spare) refill()
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

/** The failed instance is left to the garbage collector. */
function replace(): void {
  current = spare
  spare = null
  refill()
}

/** Without memory for another instance everything is `sql:unknown`, and every call tries again. */
function refill(): void {
  if (!code || refilling) return
  refilling = true
  void instantiate(code)
    .then(keep, () => undefined)
    .finally(() => {
      refilling = false
    })
}

function keep(fresh: PgQueryModule): void {
  if (current) spare = fresh
  else current = fresh
}
