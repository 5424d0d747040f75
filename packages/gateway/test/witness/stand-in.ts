import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A server that asks `answer` for each request; `url` is where it is. */
export async function serve(answer: (request: IncomingMessage, body: string, response: ServerResponse) => void): Promise<string> {
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => answer(request, Buffer.concat(pieces).toString(), response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const sha256 = (...parts: readonly (Uint8Array | string)[]) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()
const node = (left: Buffer, right: Buffer) => sha256(Buffer.of(1), left, right)

/**
 * A witness as C2SP tlog-witness and tlog-cosignature have it, written from their texts (and RFC 6962 section 2.1.2 by its recursive definition),
 * with nothing of ours in it. It does not check the log's signature.
 */
export class StandIn {
  readonly name = 'witness.example/w1'
  readonly #keys = generateKeyPairSync('ed25519')
  readonly requests: string[] = []
  #seen: { readonly size: number; readonly root: Buffer } = { size: 0, root: sha256('') }
  /** Answers this instead of anything else. */
  broken: number | null = null

  /** The 32 bytes of its public key. */
  get publicKey(): Buffer {
    return Buffer.from(this.#keys.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  }

  /** As its operator hands it out. */
  get vkey(): string {
    return `${this.name}+${this.#id.toString('hex')}+${Buffer.concat([Buffer.of(4), this.publicKey]).toString('base64')}`
  }

  get size(): number {
    return this.#seen.size
  }

  start(): Promise<string> {
    return serve((request, body, response) => {
      this.requests.push(`${request.method} ${request.url}`)
      const { status, text, type } = this.broken === null ? this.#add(body) : { status: this.broken, text: '', type: 'text/plain' }
      response.writeHead(status, { 'content-type': type }).end(text)
    })
  }

  get #id(): Buffer {
    return sha256(`${this.name}\n`, Buffer.of(4), this.publicKey).subarray(0, 4)
  }

  #add(body: string): { readonly status: number; readonly text: string; readonly type: string } {
    const plain = (status: number, text = '', type = 'text/plain') => ({ status, text, type })
    const end = body.indexOf('\n\n')
    const [first = '', ...proof] = body.slice(0, end).split('\n')
    const note = body.slice(end + 2)
    const text = note.slice(0, note.indexOf('\n\n') + 1)
    const [, size = '', root = ''] = text.split('\n')
    const old = Number(/^old (0|[1-9]\d*)$/.exec(first)?.[1])
    const now = { size: Number(size), root: Buffer.from(root, 'base64') }
    if (!(old <= now.size)) return plain(400)
    if (old !== this.#seen.size) return plain(409, `${this.#seen.size}\n`, 'text/x.tlog.size')
    if (old === now.size) return now.root.equals(this.#seen.root) ? plain(200, this.#cosign(text)) : plain(409)
    if (
      !consistent(
        old,
        now.size,
        proof.map((line) => Buffer.from(line, 'base64')),
        this.#seen.root,
        now.root,
      )
    )
      return plain(422)
    this.#seen = now
    return plain(200, this.#cosign(text))
  }

  #cosign(text: string): string {
    const time = Math.floor(Date.now() / 1000)
    const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${time}\n${text}`), this.#keys.privateKey)
    const timestamp = Buffer.alloc(8)
    timestamp.writeBigUInt64BE(BigInt(time))
    return `— ${this.name} ${Buffer.concat([this.#id, timestamp, signature]).toString('base64')}\n`
  }
}

/** SUBPROOF(m, D[n], b) read backwards: the roots of the first m and of all n leaves, from the proof's hashes. */
function consistent(old: number, size: number, proof: readonly Buffer[], oldRoot: Buffer, root: Buffer): boolean {
  if (old === 0) return proof.length === 0
  const rest = [...proof]
  const roots = (m: number, n: number, whole: boolean): readonly [Buffer, Buffer] => {
    if (m === n) {
      const hash = whole ? oldRoot : (rest.shift() ?? Buffer.alloc(0))
      return [hash, hash]
    }
    let half = 1
    while (half * 2 < n) half *= 2
    if (m <= half) {
      const [before, after] = roots(m, half, whole)
      return [before, node(after, rest.shift() ?? Buffer.alloc(0))]
    }
    const [before, after] = roots(m - half, n - half, false)
    const left = rest.shift() ?? Buffer.alloc(0)
    return [node(left, before), node(left, after)]
  }
  const [before, after] = roots(old, size, true)
  return rest.length === 0 && before.equals(oldRoot) && after.equals(root)
}
