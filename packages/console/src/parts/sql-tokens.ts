export type TokenKind = 'word' | 'literal' | 'comment' | 'plain'

export interface Token {
  readonly kind: TokenKind
  readonly text: string
}

const KEYWORDS =
  'select|insert|update|delete|merge|truncate|copy|into|values|from|where|set|and|or|not|null|in|is|as|on|using|join|left|right|full|inner|outer|cross|lateral|group|order|by|having|limit|offset|fetch|union|intersect|except|all|distinct|case|when|then|else|end|with|recursive|returning|create|alter|drop|table|index|view|schema|database|role|user|function|procedure|trigger|sequence|type|extension|grant|revoke|to|public|add|column|constraint|primary|key|foreign|references|unique|check|default|cascade|restrict|begin|commit|rollback|savepoint|release|start|transaction|explain|analyze|vacuum|call|do|execute|prepare|deallocate|declare|cursor|for|if|exists|like|ilike|similar|between|true|false|cast|over|partition|window|conflict|nothing|only|lock|share|reset|show|security|definer|language|returns|replace|temporary|temp|reindex|refresh|materialized'

/**
 * How PostgreSQL's lexer divides a text (PostgreSQL 18 documentation, section 4.1), near enough to colour it. It decides nothing: every character stays what
 * and where it is, whichever colour it has.
 */
const TOKENS = new RegExp(
  [
    String.raw`(?<comment>--[^\n]*|/\*[\s\S]*?(?:\*/|$))`,
    String.raw`(?<literal>[eE]'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|\$(?<tag>\w*)\$[\s\S]*?(?:\$\k<tag>\$|$)|\b\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?\b|\$\d+)`,
    String.raw`(?<quoted>"(?:[^"]|"")*(?:"|$))`,
    String.raw`(?<word>\b(?:${KEYWORDS})\b)`,
    String.raw`(?<name>[\p{L}_][\p{L}\p{N}_$]*)`,
  ].join('|'),
  'giu',
)

/** The whole text, in pieces. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  for (const match of text.matchAll(TOKENS)) {
    if (match.index > at) tokens.push({ kind: 'plain', text: text.slice(at, match.index) })
    tokens.push({ kind: kindOf(match.groups ?? {}), text: match[0] })
    at = match.index + match[0].length
  }
  if (at < text.length) tokens.push({ kind: 'plain', text: text.slice(at) })
  return tokens
}

function kindOf({ comment, literal, word }: Readonly<Record<string, string | undefined>>): TokenKind {
  if (comment !== undefined) return 'comment'
  if (literal !== undefined) return 'literal'
  return word === undefined ? 'plain' : 'word'
}
