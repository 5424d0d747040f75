import { randomInt } from 'node:crypto'

/** Lower case letters and digits that nobody mistakes for one another. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/** `req-7kq2m4xz`: short enough to say aloud, 40 random bits. */
export function newId(prefix: 'req' | 'grant' | 'ses' | 'run' | 'lease' | 'erasure' | 'push'): string {
  return `${prefix}-${Array.from({ length: 8 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')}`
}
