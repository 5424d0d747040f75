/**
 * The page of the console that draws a terminal, `/sessions/ID/terminal`: its document alone may compile WebAssembly. The gateway says so in that answer's
 * headers, and the console fetches it as a document of its own.
 */
export const isTerminalPage = (path: string): boolean => /^\/sessions\/[^/]+\/terminal$/.test(path)
