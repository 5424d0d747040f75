import type { ExportRecord, Severity } from '../record.ts'

/** `log audit` (RFC 5424 section 6.2.1). */
const FACILITY = 13
/** Informational, notice, warning, error. */
const SEVERITIES: Readonly<Record<Severity, number>> = { informational: 6, low: 5, medium: 4, high: 3 }

/** What every message of one gateway says of itself. */
export interface Sender {
  readonly hostname: string
  readonly version: string
}

/**
 * A message of RFC 5424. The JSON is written in ASCII, with what is beyond it escaped: so it needs no byte order mark before it, which section 6.4
 * asks of UTF-8 and readers of JSON stumble over. SD-ID `origin` is registered (section 7.2); one of our own would need a number from IANA.
 */
export function syslogMessage({ at, type, severity, text }: ExportRecord, { hostname, version }: Sender): string {
  const priority = FACILITY * 8 + SEVERITIES[severity]
  const time = at === 0 ? '-' : new Date(at).toISOString() // of what cannot be read nothing is known
  const header = `<${priority}>1 ${time} ${field(hostname, 255)} countersign - ${field(type, 32)}`
  return `${header} [origin software="countersign" swVersion="${field(version, 32).replace(/["\\\]]/g, '_')}"] ${ascii(text)}`
}

/** Octet counting (RFC 5425 section 4.3): its length in bytes, which of ASCII are its characters. */
export const framed = (message: string): string => `${message.length} ${message}`

/** PRINTUSASCII of a header field; nil where nothing is left. */
const field = (text: string, longest: number): string => text.replace(/[^!-~]/g, '_').slice(0, longest) || '-'

/** The same JSON: outside of ASCII there is nothing but inside strings. */
const ascii = (json: string): string => json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
