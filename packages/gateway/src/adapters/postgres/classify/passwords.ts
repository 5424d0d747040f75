import type { Classified } from '../classify.ts'

/** What a token is: white space and comments are none. `$tag$ … $tag$`, `'…'` with its prefix, `"…"`, a word, or any other character. */
const TOKENS =
  /(?<skip>\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<literal>(?:[eE]'(?:[^'\\]|\\[\s\S]|'')*'?|(?:[uU]&|[bBxXnN])?'(?:[^']|'')*'?|(?<tag>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)[\s\S]*?(?:\k<tag>|$)))|(?<word>"(?:[^"]|"")*"?|[\p{L}_][\p{L}\p{N}_$]*)|[\s\S]/gu

/** Statements that set a password or name one: CREATE and ALTER of these. */
const OBJECTS = new Set(['role', 'user', 'group', 'server', 'subscription', 'foreign'])
const CONNECTION = /(password\s*=\s*)(''[^']*''|'(?:[^'\\]|\\[\s\S])*'?|[^\s']+)/gi

/**
 * The tokens of a text that are passwords, as they stand there: behind PASSWORD in CREATE and ALTER ROLE and in options of servers and user mappings, and in
 * the connection string of a subscription or of dblink. By its tokens and not by its tree, because a text with a typing error has a password all the same:
 * whatever literal stands in a statement about a role is one, unless it is known to be something else.
 */
export function passwordsIn(text: string): readonly string[] {
  const found: string[] = []
  let head: string[] = []
  let before = ''
  for (const { 0: token, groups } of text.matchAll(TOKENS)) {
    if (groups?.['skip'] !== undefined) continue
    const word = groups?.['word']?.replaceAll('"', '').toLowerCase()
    if (token === ';') head = []
    else if (before === 'password' && isRole(head) && word !== 'null') found.push(token)
    else if (groups?.['literal'] !== undefined) found.push(...inLiteral(token, head, before))
    if (word !== undefined) head.push(word)
    before = word ?? (token === '=' ? before : '')
  }
  return [...new Set(found)].filter((secret) => secret.length > 2)
}

/** Reads and writes are what an application does all day, and what is a password in them only it knows: it sends that as a parameter. */
export function secretsOf({ type, canonical }: Classified): readonly string[] {
  return type === 'sql:read' || type === 'sql:write' || type === 'sql:session' ? NONE : passwordsIn(canonical)
}

const NONE: readonly string[] = []

function inLiteral(token: string, head: readonly string[], before: string): readonly string[] {
  if (before === 'password' && isAbout(head)) return [token]
  if (isAbout(head) || head.some((word) => word.startsWith('dblink'))) {
    const values = [...token.matchAll(CONNECTION)].map(([, , value = '']) => value)
    if (values.length > 0) return values
  }
  return isRole(head) && before !== 'until' && !head.includes('set') ? [token] : []
}

const isRole = (head: readonly string[]) => isAbout(head) && ['role', 'user', 'group'].includes(head[1] ?? '') && head[2] !== 'mapping'

const isAbout = ([verb = '', object = '']: readonly string[]) => (verb === 'create' || verb === 'alter') && OBJECTS.has(object)
