import { createSecretKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { visible } from '@countersign/contract/visible'
import { unseal } from '@countersign/ledger/seal'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from './support/needs.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`

/** The target writes down what it was sent: `current_query()` is the text of the message, as the server has it. */
const SEED = `
  CREATE TABLE seen (query text);
  CREATE FUNCTION note_query() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES (current_query()); RETURN NULL; END $$;
  CREATE TRIGGER note_query AFTER INSERT OR UPDATE OR DELETE ON orders FOR EACH STATEMENT EXECUTE FUNCTION note_query();
`

const TEXTS = {
  plain: "UPDATE orders SET status = 'paid' WHERE id = 1",
  'odd Unicode': "UPDATE orders SET status = '𝔘nicode ñ ñ \u{1F469}\u200D\u{1F4BB} \u00AD\uFEFF' WHERE id = 1",
  'bidi and zero-width characters': "UPDATE orders SET status = 'a\u202E\u2066b\u200Bc\u2069' WHERE id = 1 -- \u202Edne\u202C",
  'comments in odd places': "/* first /* nested */ */ UPDATE/**/orders -- a comment\n  SET status = 'x' /* ; DROP TABLE orders; */ WHERE id = 1",
  'CRLF, tabs and a form feed': "UPDATE orders\r\n\tSET status = 'a\r\nb'\f\r\n WHERE id = 1",
  'dollar quotes': "UPDATE orders SET status = $q$it's; $$ -- /* $q$ || $$\\n$$ WHERE id = 1",
  'escapes and a quoted name': `UPDATE "orders" SET "status" = E'\\x41\\u00e9\\'' || U&'\\00e9' WHERE id = 1`,
  'a second statement behind it': "DELETE FROM orders WHERE id = 2; UPDATE orders SET status = 'both' WHERE id = 1",
}

describe.skipIf(lacks('psql'))('what was approved is what ran, byte for byte', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, seed: SEED })
  })

  afterAll(() => stage?.close())

  /** The statement as the ledger sealed it when the request was opened. */
  async function sealedText(id: string): Promise<unknown> {
    const opened = async () => (await stage.ledger()).find(({ type, body }) => type === 'request.opened' && body['request'] === id)
    await expect.poll(opened).toBeDefined()
    const entry = await opened()
    if (!entry?.sealed) throw new Error('the entry has no sealed part')
    const key = readFileSync(join(stage.gateway.data, 'keys', `${entry.sealed.key}.key`), 'utf8').trim()
    return unseal(entry, { id: entry.sealed.key, key: createSecretKey(key, 'hex') })
  }

  it.each(Object.entries(TEXTS))('%s', async (_, text) => {
    const { alice, bob } = stage
    // As one argument, psql sends it as one message and as it is.
    const session = alice.psql('db', [`--command=${text}`])
    const id = await held(session)
    const { ask } = await bob.api.request({ id })
    if (ask.kind !== 'action') throw new Error('an action was held')
    await bob.api.approve({ id })
    expect((await session.quit()).stdout).toMatch(/UPDATE 1\n$/)

    const ran = await stage.ask("DELETE FROM seen RETURNING encode(convert_to(query, 'UTF8'), 'hex')")
    expect(new Set(ran)).toEqual(new Set([Buffer.from(text).toString('hex')]))
    expect(ask.text).toBe(text)
    expect(ask.display).toBe(visible(text))
    expect(await sealedText(id)).toMatchObject({ text, digest: ask.digest })
  })

  it('shows the reviewer characters that cannot be seen', async () => {
    const { alice, bob } = stage
    const { request } = await alice.api.ask({ resource: 'db', action: "DELETE FROM orders WHERE status = '\u202E\u200Bx'" })
    const { ask } = await bob.api.request({ id: request.id })
    expect(ask).toMatchObject({ display: "DELETE FROM orders WHERE status = '<U+202E><U+200B>x'" })
  })

  it('is another action when one character differs that nobody sees', async () => {
    const { alice, bob } = stage
    const { request } = await alice.api.ask({ resource: 'db', action: "DELETE FROM orders WHERE status = 'x'" })
    await bob.api.approve({ id: request.id })
    const session = alice.psql('db', ["--command=DELETE FROM orders WHERE status = 'x\u200B'"])
    expect(await held(session)).not.toBe(request.id)
    session.vanish()
    await session.quit()
    expect(await stage.ask('SELECT query FROM seen')).toEqual([])
  })
})
