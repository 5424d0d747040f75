import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type LaunchOptions, type Page } from 'playwright-core'
import { buildConsole } from '../../scripts/console.ts'
import type { GatewayProcess } from './gateway.ts'

/** Debian's, and what it is called elsewhere. */
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
/** Chromium asks its maker for this and that when it starts; nothing here needs the network. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A real browser, once the console is built. To be closed. */
export function openBrowser(options: LaunchOptions = {}): Promise<Browser> {
  buildConsole()
  return chromium.launch({ ...(CHROMIUM ? { executablePath: CHROMIUM } : {}), args: QUIET, ...options })
}

/** For a test in a browser: half a second on a quiet machine, and a hundred times that on one where everything runs at once. */
export const BROWSER_MS = 60_000

/** Somebody with a browser of his own: his cookies are nobody else's. */
export interface Visitor {
  readonly page: Page
  /** Everything that a browser complains of: a breach of the Content-Security-Policy, an error in the page, an answer of 5xx. */
  readonly complaints: string[]
}

export async function visitor(browser: Browser, baseURL: string, options: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({ baseURL, reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    const text = message.text()
    // A refusal that the console shows (401, 409 …) is not one.
    if (message.type() === 'error' && !/the server responded with a status of 4|net::ERR_/.test(text)) complaints.push(text)
  })
  page.on('response', (response) => {
    if (response.status() >= 500) complaints.push(`${response.status()} ${response.url()}`)
  })
  return { page, complaints }
}

/** Somebody who is signed in. The token goes with every request, as a login's cookie would. */
export const signedIn = (browser: Browser, { url }: { readonly url: string }, { token }: { readonly token: string }, options: BrowserContextOptions = {}) =>
  visitor(browser, url, { ...options, extraHTTPHeaders: { authorization: `Bearer ${token}` } })

/** Somebody who has signed in with a passkey of his own, so that he has a cookie; for what a token is not enough for. */
export async function signedInByPasskey(browser: Browser, gateway: GatewayProcess, user: string, groups?: string[]): Promise<Visitor> {
  // Browsers have passkeys for names, and this machine's is localhost.
  const somebody = await visitor(browser, gateway.url.replace('127.0.0.1', 'localhost'))
  await enrolIn(somebody.page, (await gateway.api().invite({ user, ...(groups ? { groups } : {}) })).link)
  await somebody.page.getByRole('heading', { name: 'Inbox' }).waitFor()
  return somebody
}

/** Somebody opens a link that he was invited with, and makes a passkey. The page is at the name for which browsers make them. */
export async function enrolIn(page: Page, link: string): Promise<void> {
  await withAuthenticator(page)
  const { pathname, hash } = new URL(link)
  await page.goto(pathname + hash)
  await page.getByLabel('What you call it').fill('laptop')
  await page.getByRole('button', { name: 'Make the passkey' }).click()
}

/** Gives a page an authenticator, as in a telephone that its owner has unlocked (the WebAuthn domain of the Chrome DevTools Protocol). */
export async function withAuthenticator(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
}
