const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[\w.]+|::|\s+|[^\w\s]/g
const TRIES = 120

/** The statement without whatever it also fails without: runs of tokens are left out, long ones first. */
export async function shrink(text: string, stillFails: (smaller: string) => Promise<boolean>): Promise<string> {
  let tokens: readonly string[] = text.match(TOKEN) ?? []
  let tries = 0
  for (let run = tokens.length >> 1; run >= 1; run >>= 1) {
    for (let at = 0; at + run <= tokens.length && tries < TRIES;) {
      const smaller = [...tokens.slice(0, at), ...tokens.slice(at + run)]
      if (++tries && smaller.length > 0 && (await stillFails(smaller.join('')))) tokens = smaller
      else at += run
    }
  }
  return tokens.join('').trim()
}
