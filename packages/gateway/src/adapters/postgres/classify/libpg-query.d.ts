/** The Emscripten module inside libpg-query, which its own index wraps once for the life of the process. */
declare module 'libpg-query/wasm/libpg-query.js' {
  export interface PgQueryModule {
    readonly _malloc: (bytes: number) => number
    readonly _free: (pointer: number) => void
    readonly _wasm_parse_query_raw: (query: number) => number
    readonly _wasm_free_parse_result: (result: number) => void
    readonly lengthBytesUTF8: (text: string) => number
    readonly stringToUTF8: (text: string, pointer: number, bytes: number) => void
    readonly UTF8ToString: (pointer: number) => string
    readonly getValue: (pointer: number, type: 'i32') => number
  }
  /** `instantiateWasm` stands in for reading and compiling the code anew. */
  interface Options {
    readonly instantiateWasm: (imports: WebAssembly.Imports, ready: (instance: WebAssembly.Instance) => void) => void
  }
  export default function createModule(options: Options): Promise<PgQueryModule>
}
