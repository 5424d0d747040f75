import { resolve } from 'node:path'
import type { NotifyConfig } from './config.ts'
import { absolute, isLoopback, type Report } from './resource.ts'
import type { RawConfig } from './schema.ts'

type Raw = RawConfig['notify']

const PORTS: Readonly<Record<string, number>> = { 'smtp:': 587, 'smtps:': 465 }
const SMTP = 'expected smtps://HOST:465, or smtp://HOST:587 for STARTTLS, with the user and password under credential'

/** Its channels taken apart, and its paths absolute; what was reported is left out. `url` is where people reach the gateway. */
export function readNotify(raw: Raw, url: string, folder: string, report: Report): NotifyConfig {
  return {
    email: raw.email ? readEmail(raw.email, folder, report) : null,
    webhooks: raw.webhook.flatMap((each, index) => readWebhook(each, folder, (path, message) => report(['webhook', index, ...path], message)) ?? []),
    push: readPush(raw, url, folder, report),
    repeat: { everyMs: raw.repeat.every, times: raw.repeat.times },
  }
}

function readEmail(raw: NonNullable<Raw['email']>, folder: string, report: Report): NotifyConfig['email'] {
  const url = URL.parse(raw.smtp)
  const port = PORTS[url?.protocol ?? '']
  const isBare = url !== null && ['', '/'].includes(url.pathname) && url.search === '' && url.hash === '' && url.username === '' && url.password === ''
  if (!isBare || port === undefined || url.hostname === '') {
    report(['email', 'smtp'], SMTP)
    return null
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const credential = raw.credential ? { username: raw.credential.username, password: absolute(raw.credential.password, folder) } : null
  const place = { host, port: url.port === '' ? port : Number(url.port), secure: url.protocol === 'smtps:' }
  return { ...place, from: raw.from, credential, ca: file(raw.ca, folder) }
}

/** No message repeats the URL: where it goes may be a secret itself. */
function readWebhook(raw: Raw['webhook'][number], folder: string, report: Report): NotifyConfig['webhooks'][number] | null {
  const url = URL.parse(raw.url)
  const refuse = (message: string) => {
    report(['url'], message)
    return null
  }
  if (url === null || !/^https?:$/.test(url.protocol) || url.hash !== '') return refuse('expected https://host/path')
  if (url.username !== '' || url.password !== '') return refuse('no user and no password in the url: each message is signed with secret')
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) return refuse('expected https: off this machine, who asks for what must not go in clear')
  return { url: url.href, secret: absolute(raw.secret, folder), ca: file(raw.ca, folder) }
}

/** A push service may ask who sends: the gateway's own https address, or whoever sends its e-mail, where nobody else is named. */
function readPush({ push: raw, email }: Raw, url: string, folder: string, report: Report): NotifyConfig['push'] {
  if (raw === false) return null
  const { contact, inside, ca } = raw === true ? { contact: undefined, inside: [], ca: undefined } : raw
  const known = contact ?? (url.startsWith('https://') ? url : email && `mailto:${email.from}`)
  if (known) return { contact: known, inside: inside.map((host) => host.toLowerCase()), ca: file(ca, folder) }
  report(['push'], 'say whom push services may ask: push: { contact: mailto:ops@example.com }, or set url to the https address of this gateway')
  return null
}

const file = (path: string | undefined, folder: string) => (path === undefined ? null : resolve(folder, path))
