import type { Classified } from '../classify.ts'
import { type Token, tokensOf } from './tokens.ts'

/** Statements that set a password or name one: CREATE and ALTER of these. */
const OBJECTS = new Set(['role', 'user', 'group', 'server', 'subscription', 'foreign'])
/** What is longer is no connection string, and is a secret as a whole: a pattern that goes through it takes memory for each character. */
const LONGEST_CONNECTION = 100_000
/** How many words of a statement say what it is about. */
const HEAD = 3
const CONNECTION = /(password\s*=\s*)(''[^']*''|'(?:[^'\\]|\\[\s\S])*'?|[^\s']+)/gi

/**
 * The tokens of a text that are passwords, as they stand there: behind PASSWORD in CREATE and ALTER ROLE and in options of servers and user mappings, and in
 * the connection string of a subscription or of dblink. By its tokens and not by its tree, because a text with a typing error has a password all the same:
 * whatever literal stands in a statement about a role is one, unless it is known to be something else.
 */
export function passwordsIn(text: string): readonly string[] {
  const found: string[] = []
  let head = new Head()
  for (const token of tokensOf(text)) {
    if (token.text === ';') head = new Head()
    else found.push(...head.take(token))
  }
  return [...new Set(found)].filter((secret) => secret.length > 2)
}

/** Nobody is shown more of a text, nor is more of it recorded than its beginning (session/sealed.ts, workflow/requests.ts). */
const SHOWN = 1024 * 1024

/** Reads and writes are what an application does all day, and what is a password in them only it knows: it sends that as a parameter. */
export function secretsOf({ type, canonical }: Classified): readonly string[] {
  return type === 'sql:read' || type === 'sql:write' || type === 'sql:session' ? NONE : passwordsIn(canonical.slice(0, SHOWN))
}

const NONE: readonly string[] = []

/** What is known of a statement at each of its tokens: no more of it than is asked for, because it may be long. */
class Head {
  readonly #first: string[] = []
  #before = ''
  #dblink = false
  #sets = false

  /** What of this token is a password. */
  take({ kind, text }: Token): readonly string[] {
    const word = kind === 'word' ? text.replaceAll('"', '').toLowerCase() : null
    const found = this.#before === 'password' && this.#isRole && word !== 'null' ? [text] : kind === 'literal' ? this.#inLiteral(text) : NONE
    if (word !== null) this.#push(word)
    this.#before = word ?? (text === '=' ? this.#before : '')
    return found
  }

  #push(word: string): void {
    if (this.#first.length < HEAD) this.#first.push(word)
    this.#dblink ||= word.startsWith('dblink')
    this.#sets ||= word === 'set'
  }

  #inLiteral(literal: string): readonly string[] {
    if (this.#before === 'password' && this.#isAbout) return [literal]
    if (this.#isAbout || this.#dblink) {
      if (literal.length > LONGEST_CONNECTION) return [literal]
      const values = [...literal.matchAll(CONNECTION)].map(([, , value = '']) => value)
      if (values.length > 0) return values
    }
    return this.#isRole && this.#before !== 'until' && !this.#sets ? [literal] : NONE
  }

  get #isRole(): boolean {
    return this.#isAbout && ['role', 'user', 'group'].includes(this.#first[1] ?? '') && this.#first[2] !== 'mapping'
  }

  get #isAbout(): boolean {
    const [verb = '', object = ''] = this.#first
    return (verb === 'create' || verb === 'alter') && OBJECTS.has(object)
  }
}
