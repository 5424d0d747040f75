/** A message of RFC 5424, and nothing that its grammar (section 6) does not have. */
export interface Message {
  readonly priority: number
  readonly time: string | null
  readonly hostname: string | null
  readonly app: string | null
  readonly process: string | null
  readonly id: string | null
  readonly data: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly text: string
}

const HEADER =
  /^<(0|[1-9]\d{0,2})>([1-9]\d{0,2}) (-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) /
/** No space, no `=`, no `]`, no quote (section 6.3.2). */
const NAME = String.raw`[!#-<>-\\^-~]{1,32}`
const PARAMETER = new RegExp(String.raw` (${NAME})="((?:[^"\\\]]|\\["\\\]])*)"`, 'gy')
const ELEMENT = new RegExp(String.raw`\[(${NAME})`, 'y')

const nil = (field: string | undefined): string | null => (field === undefined || field === '-' ? null : field)

/** Throws for what is no message. */
export function parseMessage(message: string): Message {
  const header = HEADER.exec(message)
  if (!header) throw new Error(`no header: ${message.slice(0, 80)}`)
  const [all, priority, version, time, hostname, app, process, id] = header
  if (Number(priority) > 191 || version !== '1') throw new Error(`priority ${priority}, version ${version}`)
  const { data, end } = readData(message, all.length)
  if (end < message.length && message[end] !== ' ') throw new Error('no space before the text')
  return {
    priority: Number(priority),
    time: nil(time),
    hostname: nil(hostname),
    app: nil(app),
    process: nil(process),
    id: nil(id),
    data,
    text: message.slice(end + 1),
  }
}

function readData(message: string, from: number): { readonly data: Message['data']; readonly end: number } {
  if (message[from] === '-') return { data: {}, end: from + 1 }
  const data: Record<string, Readonly<Record<string, string>>> = {}
  let end = from
  while (message[end] === '[') {
    ELEMENT.lastIndex = end
    const id = ELEMENT.exec(message)?.[1]
    if (id === undefined || id in data) throw new Error(`no element at ${end}`)
    end = ELEMENT.lastIndex
    const parameters: Record<string, string> = {}
    for (PARAMETER.lastIndex = end; ;) {
      const parameter = PARAMETER.exec(message)
      if (!parameter) break
      parameters[parameter[1] ?? ''] = (parameter[2] ?? '').replace(/\\(.)/g, '$1')
      end = PARAMETER.lastIndex
    }
    if (message[end] !== ']') throw new Error(`the element ${id} does not end at ${end}`)
    end += 1
    data[id] = parameters
  }
  if (end === from) throw new Error('no structured data')
  return { data, end }
}

/** Octet counting (RFC 5425 section 4.3): MSG-LEN has no leading zero, and each message is as long as it says. */
export function readFrames(bytes: Buffer): { readonly messages: readonly string[]; readonly rest: number } {
  const messages: string[] = []
  let at = 0
  while (at < bytes.length) {
    const digits = /^([1-9]\d{0,8}) /.exec(bytes.toString('latin1', at, at + 12))
    if (!digits) {
      if (/^\d{0,9}$/.test(bytes.toString('latin1', at))) break
      throw new Error(`no length at ${at}`)
    }
    const [prefix, length] = digits
    const start = at + prefix.length
    const end = start + Number(length)
    if (end > bytes.length) break
    messages.push(bytes.toString('utf8', start, end))
    at = end
  }
  return { messages, rest: bytes.length - at }
}
