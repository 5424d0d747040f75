// ignoreBOM keeps a leading U+FEFF: were it dropped, what is judged would differ from what the server runs.
const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const LOSSY = new TextDecoder('utf-8', { ignoreBOM: true })

/** The text, or null when the bytes are not valid UTF-8. Never a replacement character that was not sent. */
export function strictText(bytes: Uint8Array): string | null {
  try {
    return STRICT.decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) return null
    throw error
  }
}

/** For text that is only shown: what is not UTF-8 becomes U+FFFD, and so never equals anything that one compares with. */
export function shownText(bytes: Uint8Array): string {
  return LOSSY.decode(bytes)
}
