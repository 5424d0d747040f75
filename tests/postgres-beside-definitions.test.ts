import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { type Behind, openBehind } from './support/behind.ts'

/** Whatever is of the type \`mood\` runs \`evil\` where it is put in small letters or compared; nothing in \`plain\` is. */
const SEED = `
  CREATE FUNCTION public.lower(mood) RETURNS text LANGUAGE sql AS $$ SELECT evil(1)::text $$;
  CREATE TABLE plain (id int, name varchar);
  INSERT INTO plain VALUES (1, 'good');
`

describe('a statement behind a change of tables in one message', () => {
  let behind: Behind

  beforeAll(async () => {
    behind = await openBehind({ seed: SEED })
  })

  afterAll(() => behind?.close())

  it.each([
    'CREATE TABLE fresh (name mood); SELECT lower(max(name)) FROM fresh',
    'ALTER TABLE plain ALTER name TYPE mood USING name::mood; SELECT lower(name) FROM plain',
  ])('may meet any type there, so it is unknown where a function of one has its name: %s', async (text) => {
    const client = await behind.connect()
    expect(await behind.outcome(client, text)).toMatch(/lower may be public.lower/)
    await client.end()
  })

  it('is what it says where there is none', async () => {
    const client = await behind.connect()
    expect(
      await behind.outcome(
        client,
        'CREATE TABLE other (name text); CREATE INDEX ON other (name); SELECT upper(max(other.name)), id + 1 FROM other, plain GROUP BY id',
      ),
    ).toBe('runs')
    await client.end()
  })

  it('has run nothing, and leaves nothing behind', async () => {
    expect(await behind.stage.runs()).toBe(0)
    expect(await leftovers(behind.stage)).toEqual([])
  })
})
