// ignoreBOM keeps a leading U+FEFF: were it dropped, what is judged would differ from what the server runs.
const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const LOSSY = new TextDecoder('utf-8', { ignoreBOM: true })

/** Names, tags and numbers: read one by one, which takes less time than asking the decoder. */
const SHORT = 16

/** The text, or null when the bytes are not valid UTF-8. Never a replacement character that was not sent. */
export function strictText(bytes: Uint8Array): string | null {
  const short = bytes.length <= SHORT ? asciiText(bytes) : null
  if (short !== null) return short
  try {
    return STRICT.decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) return null
    throw error
  }
}

/** For text that is only shown: what is not UTF-8 becomes U+FFFD, and so never equals anything that one compares with. */
export function shownText(bytes: Uint8Array): string {
  return (bytes.length <= SHORT ? asciiText(bytes) : null) ?? LOSSY.decode(bytes)
}

/** Null when it is not ASCII. */
function asciiText(bytes: Uint8Array): string | null {
  let text = ''
  for (let at = 0; at < bytes.length; at++) {
    const code = bytes[at] ?? 0
    if (code > 0x7f) return null
    text += String.fromCharCode(code)
  }
  return text
}
