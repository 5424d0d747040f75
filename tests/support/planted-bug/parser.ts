/** A parser with a bug five bytes deep: chance alone finds it once in a million million inputs. */
export function parse(input: Uint8Array): void {
  if (input[0] !== 0x51) return
  if (input[1] !== 0x80) return
  if (input[2] !== 0xff) return
  if (input[3] !== 0x7f) return
  if (input[4] === 0xc0) throw new RangeError('planted')
}
