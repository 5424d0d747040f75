import { LedgerError } from './error.ts'

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** Verifying parses bytes that an attacker may have written: nesting is bounded, so that it cannot exhaust the stack. */
const MAX_DEPTH = 64

/**
 * Canonical JSON (RFC 8785, JCS): no white space, members sorted by UTF-16 code units, strings and numbers as ECMAScript
 * writes them. Its UTF-8 encoding is what is hashed. Throws LedgerError `not-json` for a value that has no such form
 * (undefined, non-finite numbers, lone surrogates, anything but plain objects and arrays) and `too-deep`.
 */
export function canonical(value: unknown, depth = 0): string {
  if (typeof value === 'string') return text(value)
  if (typeof value === 'number') return number(value)
  if (typeof value === 'boolean' || value === null) return String(value)
  if (typeof value === 'object') return compound(value, depth)
  throw new LedgerError('not-json', `JSON has no ${typeof value}`)
}

/**
 * True for a text in canonical form, of which `value` is what JSON.parse made. Throws as `canonical` does. Every entry that anybody verifies is looked at:
 * what JSON.stringify writes differs from the canonical form only in the order of members, in lone surrogates and in its depth, and takes a fraction of the time.
 */
export function isCanonical(value: unknown, text: string): boolean {
  const isLikely = !text.includes('\\ud') && isSorted(value, 0) && JSON.stringify(value) === text
  return isLikely || canonical(value) === text
}

/** With nothing made on the way: Object.entries and a call for each string took a third longer than all of JSON.stringify. */
function isSorted(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (depth >= MAX_DEPTH) return false
  return Array.isArray(value) ? value.every((item) => isSorted(item, depth + 1)) : areSorted(value as Readonly<Record<string, unknown>>, depth)
}

/** What JSON.parse has made has its own members alone; an inherited one would only make it slower, for it is not in the text. */
function areSorted(record: Readonly<Record<string, unknown>>, depth: number): boolean {
  let before = ''
  for (const key in record) {
    const member = record[key]
    if (before > key || (typeof member === 'object' && !isSorted(member, depth + 1))) return false
    before = key
  }
  return true
}

/** ECMAScript's number format is RFC 8785's by definition (its section 3.2.2.3); -0 is 0. */
function number(value: number): string {
  if (!Number.isFinite(value)) throw new LedgerError('not-json', `JSON has no ${value}`)
  return String(value)
}

function compound(value: object, depth: number): string {
  if (depth >= MAX_DEPTH) throw new LedgerError('too-deep', `nested deeper than ${MAX_DEPTH}`)
  return Array.isArray(value) ? items(value, depth) : members(value, depth)
}

function items(values: readonly unknown[], depth: number): string {
  let list = ''
  for (const value of values) list += `${list === '' ? '' : ','}${canonical(value, depth + 1)}`
  return `[${list}]`
}

/** Built by hand: this is on the path of every statement, and twice as fast as mapping and joining. */
function members(value: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  // A Map or a Date would silently become {}.
  if (prototype !== Object.prototype && prototype !== null) throw new LedgerError('not-json', 'only plain objects and arrays have a canonical form')
  const record = value as Readonly<Record<string, unknown>>
  let list = ''
  // The default order of sort is by UTF-16 code units, which is RFC 8785's.
  for (const key of Object.keys(record).sort()) list += `${list === '' ? '' : ','}${text(key)}:${canonical(record[key], depth + 1)}`
  return `{${list}}`
}

/** ASCII without what JSON escapes: most strings. */
const PLAIN = /^[ !#-[\]-~]*$/

/** JSON.stringify escapes exactly what RFC 8785 section 3.2.2.2 asks for, once lone surrogates are out. */
function text(value: string): string {
  if (PLAIN.test(value)) return `"${value}"`
  if (!value.isWellFormed()) throw new LedgerError('not-json', 'a lone surrogate has no UTF-8 form')
  return JSON.stringify(value)
}
