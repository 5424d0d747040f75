import { createHash } from 'node:crypto'

// tls-server-end-point (RFC 5929 section 4.1): the hash of the server's certificate, by the hash function of its own signature.

const SEQUENCE = 0x30
const OBJECT_IDENTIFIER = 0x06
/** Context tag 0 of RSASSA-PSS-params (RFC 4055 section 3.1): the hash, SHA-1 where it is left out. */
const PSS_HASH = 0xa0
const RSASSA_PSS = '2a864886f70d01010a'

/** Signature algorithms and, for RSASSA-PSS, hash functions: the content of the object identifier in hexadecimal. MD5 and SHA-1 are replaced by SHA-256. */
const HASHES: Readonly<Record<string, string>> = {
  '2a864886f70d010104': 'sha256', // md5WithRSAEncryption
  '2a864886f70d010105': 'sha256', // sha1WithRSAEncryption
  '2a864886f70d01010e': 'sha224', // sha224WithRSAEncryption
  '2a864886f70d01010b': 'sha256', // sha256WithRSAEncryption
  '2a864886f70d01010c': 'sha384', // sha384WithRSAEncryption
  '2a864886f70d01010d': 'sha512', // sha512WithRSAEncryption
  '2a8648ce3d0401': 'sha256', // ecdsa-with-SHA1
  '2a8648ce3d040301': 'sha224', // ecdsa-with-SHA224
  '2a8648ce3d040302': 'sha256', // ecdsa-with-SHA256
  '2a8648ce3d040303': 'sha384', // ecdsa-with-SHA384
  '2a8648ce3d040304': 'sha512', // ecdsa-with-SHA512
  '2b0e03021a': 'sha256', // SHA-1
  '608648016503040204': 'sha224',
  '608648016503040201': 'sha256',
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
}

/**
 * What both ends of a TLS connection can compute from the certificate that the server showed, in DER. Null where the RFC
 * leaves it undefined, as for Ed25519, whose signatures name no hash, and for bytes that are no certificate: then nothing is bound.
 */
export function tlsServerEndPoint(certificate: Uint8Array): Uint8Array | null {
  const hash = signatureHash(certificate)
  return hash === null ? null : createHash(hash).update(certificate).digest()
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { algorithm, parameters }, … } (RFC 5280 section 4.1). */
function signatureHash(certificate: Uint8Array): string | null {
  const outer = element(certificate, 0, SEQUENCE)
  const signed = outer && element(outer.content, 0, SEQUENCE)
  const algorithm = signed && element(outer.content, signed.end, SEQUENCE)
  const name = algorithm && element(algorithm.content, 0, OBJECT_IDENTIFIER)
  if (!name) return null
  const oid = Buffer.from(name.content).toString('hex')
  return oid === RSASSA_PSS ? pssHash(algorithm.content, name.end) : (HASHES[oid] ?? null)
}

function pssHash(algorithm: Uint8Array, at: number): string | null {
  const parameters = element(algorithm, at, SEQUENCE)
  if (!parameters) return null
  const tagged = element(parameters.content, 0, PSS_HASH)
  if (!tagged) return 'sha256' // SHA-1, replaced
  const hash = element(tagged.content, 0, SEQUENCE)
  const name = hash && element(hash.content, 0, OBJECT_IDENTIFIER)
  return name ? (HASHES[Buffer.from(name.content).toString('hex')] ?? null) : null
}

/** One DER element with this tag. Null when there is another, or when its length lies. */
function element(bytes: Uint8Array, at: number, tag: number): { readonly content: Uint8Array; readonly end: number } | null {
  const short = bytes[at + 1]
  if (bytes[at] !== tag || short === undefined) return null
  const lengthBytes = short < 0x80 ? 0 : short & 0x7f
  if (short === 0x80 || lengthBytes > 3) return null
  const start = at + 2 + lengthBytes
  let length = lengthBytes === 0 ? short : 0
  for (const byte of bytes.subarray(at + 2, start)) if (lengthBytes > 0) length = length * 256 + byte
  const end = start + length
  return end > bytes.length ? null : { content: bytes.subarray(start, end), end }
}
