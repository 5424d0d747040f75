import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { App, Ctx } from './env.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
}

const INDEX = '/index.html'
/** Its files are named by what is in them: under the same name there is never anything else. */
const HASHED = '/assets/'
/** Addresses of programs: nobody is shown a page there. */
const NO_PAGES = /^\/(?:api|assets|auth|scim)(?:\/|$)/

/** Each file is encoded once, for its first browser: the tenth level takes half a second for all of them, and saves every browser a sixteenth of what the ninth is. */
const ENCODERS = {
  br: (body: Buffer) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 10, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } }),
  gzip: (body: Buffer) => promisify(gzip)(body, { level: 9 }),
}
type Encoding = keyof typeof ENCODERS

/** A checkout has it where packages/console is built (scripts/console.ts); the published package carries it beside its own files. */
export const CONSOLE_FOLDER = new URL(import.meta.url.endsWith('.ts') ? '../../../console/dist/' : './console/', import.meta.url)

/** The web console as it was built: files in memory, so that no address can lead to any other. */
export class Console {
  readonly #files: ReadonlyMap<string, Buffer>
  /** Made when the first browser wants it, and kept. */
  readonly #encoded = new Map<string, Promise<Buffer>>()

  constructor(files: ReadonlyMap<string, Buffer>) {
    this.#files = files
  }

  /** Null where it has not been built. */
  static async read(folder: URL): Promise<Console | null> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
    const root = folder.pathname.replace(/\/$/, '')
    const files = await Promise.all(
      entries
        .filter((entry) => entry.isFile() && extname(entry.name) in TYPES)
        .map((entry) => join(entry.parentPath, entry.name))
        .map(async (path) => [path.slice(root.length), await readFile(path)] as const),
    )
    const found = new Map(files)
    return found.has(INDEX) ? new Console(found) : null
  }

  mount(app: App): void {
    for (const path of this.#files.keys()) if (path !== INDEX) app.get(path, (c) => this.#serve(c, path))
  }

  /** The page, for a browser that goes to an address of no API: the console's own router knows which page it is. Null for everything else. */
  async page(c: Ctx): Promise<Response | null> {
    const wanted = (c.req.method === 'GET' || c.req.method === 'HEAD') && c.req.header('accept')?.includes('text/html') === true
    return wanted && !NO_PAGES.test(c.req.path) ? this.#serve(c, INDEX) : null
  }

  async #serve(c: Ctx, path: string): Promise<Response> {
    const encoding = encodingFor(c.req.header('accept-encoding') ?? '')
    const body = encoding === null ? this.#files.get(path) : await this.#encode(path, encoding)
    return c.body(new Uint8Array(body ?? []), 200, {
      'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
      'cache-control': path.startsWith(HASHED) ? 'public, max-age=31536000, immutable' : 'no-cache',
      vary: 'accept-encoding',
      ...(encoding === null ? {} : { 'content-encoding': encoding }),
    })
  }

  #encode(path: string, encoding: Encoding): Promise<Buffer> {
    const key = `${encoding} ${path}`
    const made = this.#encoded.get(key) ?? ENCODERS[encoding](this.#files.get(path) ?? Buffer.alloc(0))
    this.#encoded.set(key, made)
    return made
  }
}

function encodingFor(accepted: string): Encoding | null {
  const names = accepted.split(',').map((each) => each.trim())
  return (
    (['br', 'gzip'] as const).find((name) => names.some((each) => each === name || (each.startsWith(`${name};`) && !/;\s*q=0(?:\.0*)?$/.test(each)))) ?? null
  )
}
