import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeConfiguration } from '../src/demo/files.ts'
import { listening } from '../src/demo/gateway.ts'
import { Lifetime } from '../src/demo/lifetime.ts'
import { freePort, HOST } from '../src/demo/ports.ts'

let folder: string
let life: Lifetime
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cs-'))
  life = new Lifetime()
})
afterEach(async () => {
  await life.close()
  rmSync(folder, { recursive: true })
})

/** Free ports, which somebody else takes first as often as is said. */
async function place(lost: number) {
  const places: { readonly http: number; readonly postgres: number; readonly config: string }[] = []
  const taker = createServer()
  life.onEnd(async () => void (taker.listening && (await new Promise((resolve) => taker.close(resolve)))))
  const next = async () => {
    const [http, postgres] = [await freePort(), await freePort()]
    if (places.length < lost) {
      if (taker.listening) await new Promise((resolve) => taker.close(resolve))
      await once(taker.listen(postgres, HOST), 'listening')
    }
    const free = { http, postgres, config: writeConfiguration(folder, { http, postgres, target: `postgres://${HOST}:1/orders`, password: 'x', issuer: null }) }
    places.push(free)
    return free
  }
  return { places, next }
}

test('a port that somebody else took first is lost, and the demo goes on with others', async () => {
  const { places, next } = await place(2)
  const port = await listening(life, join(folder, 'gateway.log'), next)
  expect(port).toBe(places[2])
  expect(places).toHaveLength(3)
  expect((await fetch(`http://${HOST}:${port.http}/readyz`)).status).toBe(200)
}, 60_000)

test('three times is enough, and then it says which port', async () => {
  const { places, next } = await place(3)
  await expect(listening(life, join(folder, 'gateway.log'), next)).rejects.toThrow(/listen\.postgres: \S+ cannot be had: another program is listening there/)
  expect(places).toHaveLength(3)
}, 60_000)
