import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import { makeCertificate } from '../export/receivers.ts'

/** A letter as its reader has it, and the bytes that came. */
export interface Received extends Email {
  readonly envelope: { readonly from: string; readonly to: readonly string[] }
  readonly secure: boolean
  readonly raw: string
}

/** A mail server on the loopback. */
export interface Mailbox {
  readonly host: string
  readonly port: number
  /** The certificate that vouches for it. */
  readonly ca: string
  readonly letters: Received[]
  readonly logins: { readonly username: string; readonly password: string }[]
  /** What it answers to a recipient from now on; null takes him. */
  refuse: { readonly responseCode: number; readonly message: string } | null
  close(): Promise<void>
}

export async function openMailbox({ secure = false, tls = true, login = false } = {}): Promise<Mailbox> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-mail-'))
  const { cert, key } = await makeCertificate(folder)
  const server = new SMTPServer({
    secure,
    cert: readFileSync(cert),
    key: readFileSync(key),
    authOptional: !login,
    disabledCommands: [...(login ? [] : ['AUTH']), ...(tls ? [] : ['STARTTLS'])],
    onAuth: ({ username, password }, _session, callback) => {
      mailbox.logins.push({ username: username ?? '', password: password ?? '' })
      callback(null, { user: username ?? '' })
    },
    onRcptTo: (_address, _session, callback) => callback(mailbox.refuse && Object.assign(new Error(mailbox.refuse.message), mailbox.refuse)),
    onData: (stream, session, callback) => {
      const pieces: Buffer[] = []
      stream.on('data', (piece: Buffer) => pieces.push(piece))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        const envelope = { from: mailFrom === false ? '' : (mailFrom.address ?? ''), to: rcptTo.map(({ address }) => address ?? '') }
        void keep(Buffer.concat(pieces).toString('utf8'), envelope, session.secure).finally(callback)
      })
    },
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  server.on('error', () => undefined) // a client that hangs up
  await promise
  const keep = async (raw: string, envelope: Received['envelope'], inside: boolean) => {
    mailbox.letters.push({ ...(await PostalMime.parse(raw)), envelope, secure: inside, raw })
  }
  const mailbox: Mailbox = {
    host: '127.0.0.1',
    port: (server.server.address() as AddressInfo).port,
    ca: cert,
    letters: [],
    logins: [],
    refuse: null,
    close: async () => {
      await new Promise<void>((done) => server.close(done))
      rmSync(folder, { recursive: true })
    },
  }
  return mailbox
}
