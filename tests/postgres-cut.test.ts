import { connect, createServer, type Server, type Socket } from 'node:net'
import { copyData, copyDone, query } from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient } from './support/wire.ts'

const POLICY = `
@id("works") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read", Action::"sql:write"], resource);
`
/** Longer than the client needs to send the rest of its data, and shorter than a cancel request may take. */
const LATER_MS = 1_000

describe('a connection that was cut', () => {
  let stage: Stage
  /** Null before there is one: a gateway that starts looks at its targets. */
  let target: Stage['target'] | null = null
  let between: Server
  let open = true
  const sockets = new Set<Socket>()

  /** Stands between gateway and target, and when it is no longer open, takes connections that lead nowhere: the gateway's cancel request. */
  beforeAll(async () => {
    between = createServer((near) => {
      sockets.add(near.on('error', () => undefined))
      if (!open) return
      if (!target) return void near.destroy()
      const far = connect({ host: target.host, port: target.port })
      sockets.add(far.on('error', () => undefined))
      near.pipe(far).pipe(near)
    })
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve))
    const address = between.address()
    const port = typeof address === 'object' && address ? address.port : 0
    stage = await openStage({ policy: POLICY, resources: { db: { url: `postgres://127.0.0.1:${port}/postgres` } } })
    target = stage.target
  })

  afterAll(async () => {
    for (const socket of sockets) socket.destroy()
    between?.close()
    await stage?.close()
  })

  it('sends nothing more to the target, however long the cancel takes', async () => {
    const client = await RawClient.login(stage.gateway.postgres, stage.alice)
    client.socket.allowHalfOpen = true // it does not hang up only because the other side does
    client.send(query('COPY orders FROM STDIN'))
    await client.until(0x47)
    const [session] = await stage.alice.api.sessions({ live: 'true' })
    open = false
    await stage.erin.api.kill({ id: session?.id ?? '' })
    expect((await client.last()).join()).toContain('57P01')
    client.send(copyData(Buffer.from('101\tlate\n')), copyDone())
    await new Promise((resolve) => setTimeout(resolve, LATER_MS))
    expect(await stage.ask('SELECT 1 FROM orders WHERE id = 101')).toEqual([])
    client.close()
  })
})
