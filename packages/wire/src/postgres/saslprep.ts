// SASLprep (RFC 4013) as PostgreSQL applies it to passwords (src/common/saslprep.c).
//
// Two tables of Unicode 3.2 are not in JavaScript, and are left out: unassigned code points (a character that is younger
// than Unicode 3.2 makes PostgreSQL take the raw password; here it is normalized, which changes few of them) and the
// rule for right-to-left text (RFC 3454 section 6).

/** RFC 3454 table C.1.2, non-ASCII spaces: mapped to a space. */
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g

/** Table B.1, commonly mapped to nothing. */
const NOTHING = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|[\u200c\u200d]|\u2060|[\ufe00-\ufe0f]|\ufeff/g

/** Tables C.2.1 to C.9: controls, private use, surrogates, non-characters, and by code point what is unfit for plain text, tags and text direction. */
const PROHIBITED =
  /\p{Cc}|\p{Co}|\p{Cs}|\p{Noncharacter_Code_Point}|\u0340|\u0341|\u06dd|\u070f|\u180e|\u200e|\u200f|[\u2028-\u202e]|[\u2061-\u2063]|[\u206a-\u206f]|[\u2ff0-\u2ffb]|[\ufff9-\ufffd]|[\u{1d173}-\u{1d17a}]|\u{e0001}|[\u{e0020}-\u{e007f}]/u

/** The prepared password; where the rules forbid it, or leave nothing of it, the password as it is, as PostgreSQL does. ASCII is never changed. */
export function saslprep(password: string): string {
  if (/^\p{ASCII}*$/u.test(password)) return password
  const mapped = password.replaceAll(SPACES, ' ').replaceAll(NOTHING, '')
  // PostgreSQL looks for prohibited characters before it normalizes, though RFC 4013 says after.
  return mapped === '' || PROHIBITED.test(mapped) ? password : mapped.normalize('NFKC')
}
