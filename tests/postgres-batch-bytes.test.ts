import { bind as bindMessage, execute, flush, parse, sync } from '@countersign/wire/postgres/encode'
import { FrontendDecoder } from '@countersign/wire/postgres/frontend'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openStage, type Stage } from './support/stage.ts'
import { openTap, type Tap } from './support/tap.ts'
import { RawClient } from './support/wire.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`
const TEXTS = { write: "INSERT INTO orders VALUES ($1, 'new')", read: 'SELECT $1::int' }

let stage: Stage
let tap: Tap

beforeAll(async () => {
  tap = await openTap(() => stage.target)
  stage = await openStage({ policy: POLICY, resources: { db: { url: `postgres://${tap.host}:${tap.port}/postgres` } } })
})

afterAll(async () => {
  await stage?.close()
  tap?.close()
})

type Kind = keyof typeof TEXTS | 'flush'

/** What the target was asked to run of TEXTS since this connection of the gateway began: each with its value. */
function received(asked: Buffer): readonly string[] {
  let text = ''
  const startup = asked.readInt32BE(0)
  return new FrontendDecoder({ maxMessageBytes: 1024 * 1024 }).push(asked.subarray(startup)).flatMap((message) => {
    if (message.kind === 'parse' && message.name === '') text = message.text ?? ''
    const isTheirs = message.kind === 'bind' && message.statement === '' && Object.values(TEXTS).includes(text)
    return isTheirs ? [`${text} ${message.values.map(String).join(',')}`] : []
  })
}

/** Sends it all, decides whatever is held, and says what became of it. */
async function play(kinds: readonly Kind[], decisions: readonly boolean[]) {
  const before = tap.connections.length
  const own = await RawClient.login(stage.gateway.postgres, stage.alice)
  const sent = kinds.flatMap((kind, at) => (kind === 'flush' ? [] : [`${TEXTS[kind]} ${101 + at}`]))
  const messages = kinds.flatMap((kind, at) => {
    if (kind === 'flush') return [flush()]
    const values = [Buffer.from(String(101 + at))]
    return [parse('', TEXTS[kind]), bindMessage({ portal: '', statement: '', formats: [], values, resultFormats: [] }), execute('')]
  })
  own.send(...messages, sync())
  const asked: { readonly listed: readonly string[]; readonly approved: boolean }[] = []
  for (let told = await own.told(); !told.startsWith('ready'); told = await own.told()) {
    const [, id] = /^notice 00000 held (req-\w+):/.exec(told) ?? []
    if (id === undefined) continue
    const { ask } = await stage.bob.api.request({ id })
    const approved = decisions[asked.length] ?? true
    const listed = ask.kind === 'action' ? ask.statements.map(({ text, parameters }) => `${text} ${parameters.map(({ value }) => value).join(',')}`) : []
    asked.push({ listed, approved })
    await (approved ? stage.bob.api.approve({ id }) : stage.bob.api.deny({ id, comment: 'no' }))
  }
  own.close()
  const ran = tap.connections.slice(before).flatMap((connection) => received(connection.asked()))
  return { sent, asked, ran, written: await stage.ask('DELETE FROM orders WHERE id > 100 RETURNING id') }
}

it('reaches the target as it was approved, in its order, or as far as policy alone allowed', { timeout: 90_000 }, async () => {
  const kinds = fc.array(fc.constantFrom<Kind>('write', 'write', 'read', 'flush'), { minLength: 1, maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(kinds, fc.array(fc.boolean(), { maxLength: 3 }), async (given, decisions) => {
      const { sent, asked, ran, written } = await play(given, decisions)
      const isWrite = (statement: string) => statement.startsWith(TEXTS.write)
      const denied = asked.find(({ approved }) => !approved)
      const end = denied ? sent.indexOf(denied.listed[0] ?? '') : sent.length
      expect(ran).toEqual(sent.slice(0, end))
      expect(asked.flatMap(({ listed, approved }) => (approved ? listed.filter(isWrite) : []))).toEqual(sent.slice(0, end).filter(isWrite))
      for (const { listed } of asked) expect(sent.join('\n')).toContain(listed.join('\n'))
      expect(written).toHaveLength(denied ? 0 : sent.filter(isWrite).length)
    }),
    { numRuns: 20 },
  )
})
