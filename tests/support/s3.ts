import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A server that speaks Amazon's S3 and checks its signatures (s3rver), with one bucket, `audit`, in a process of its own. */
export interface S3Server {
  readonly endpoint: string
  readonly credential: { readonly id: string; readonly secret: string }
  /** The keys in its bucket. */
  keys(): readonly string[]
  stop(): Promise<void>
}

const SERVER = `
import S3rver from '@20minutes/s3rver'
const server = new S3rver({ address: '127.0.0.1', port: Number(process.argv[2] ?? 0), directory: process.argv[1], silent: true, configureBuckets: [{ name: 'audit' }] })
console.log((await server.run()).port)`

/** Without a port it takes any. */
export async function startS3(port = 0, directory = mkdtempSync(join(tmpdir(), 'countersign-s3-'))): Promise<S3Server> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SERVER, directory, String(port)], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const listening = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()))
    child.once('exit', () => reject(new Error('the S3 server does not start')))
  })
  return {
    endpoint: `http://127.0.0.1:${listening}`,
    credential: { id: 'S3RVER', secret: 'S3RVER' },
    keys: () => readdirSync(join(directory, 'audit'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('_object')),
    stop: async () => {
      child.kill('SIGKILL')
      await exited
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
