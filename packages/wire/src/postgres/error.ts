/** What was wrong with the other side's bytes, for a caller who maps it to a SQLSTATE or just closes. */
export type ProtocolCode =
  | 'length' // a length field that no honest peer writes
  | 'truncated' // a field runs past the end of its message
  | 'unexpected' // not this protocol, or a message that has no place here
  | 'version' // a major protocol version other than 3
  | 'malformed' // the fields are there and their contents are wrong
  | 'too-large' // longer than the cap
  | 'auth' // an authentication exchange that must not go on

/** Bytes were refused. Whatever threw it has lost its place in the stream: discard it and close the connection. The message quotes no secret. */
export class ProtocolError extends Error {
  readonly code: ProtocolCode

  constructor(code: ProtocolCode, message: string) {
    super(message)
    this.name = 'ProtocolError'
    this.code = code
  }
}
