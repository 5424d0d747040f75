import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEntry } from '@countersign/ledger/entry'
import { describe, expect, it } from 'vitest'
import { openJournal } from '../../src/journal/open.ts'
import { nameOf, openSigningKey, signerOf } from '../../src/ledger/signer.ts'
import { linesOf, newDirectory } from '../journal/directory.ts'

/** One start of a gateway: the key it goes by, and what its chain says of keys. */
async function start(directory: string) {
  const journal = await openJournal({ directory })
  try {
    const key = await openSigningKey(directory, journal)
    return { gateway: journal.gateway, signer: signerOf(key) }
  } finally {
    await journal.close()
  }
}

async function enrolled(directory: string, gateway: string) {
  const entries = (await linesOf(directory, gateway)).map(parseEntry)
  return entries.flatMap(({ type, body }) => (type === 'gateway.enrolled' ? [body['key']] : []))
}

describe('the signing key of a gateway', () => {
  it('is made at the first start, enrolled by an entry, and stays', async () => {
    const directory = newDirectory()
    const { gateway, signer } = await start(directory)
    const again = await start(directory)
    expect(signer.publicKey).toHaveLength(32)
    expect(again.signer.publicKey).toEqual(signer.publicKey)
    expect(await enrolled(directory, gateway)).toEqual([nameOf(signer)])
  })

  it('signs as anybody can check with the standard key format', async () => {
    const { signer } = await start(newDirectory())
    const text = Buffer.from('what this gateway says')
    const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), signer.publicKey]) // RFC 8410, section 4
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
    expect(verify(null, text, key, signer.sign(text))).toBe(true)
    expect(verify(null, Buffer.from('another'), key, signer.sign(text))).toBe(false)
  })

  it('is for nobody else on the host, and in no entry', async () => {
    const directory = newDirectory()
    const { gateway } = await start(directory)
    const path = join(directory, 'keys', `${gateway}-signing.pem`)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const secret = readFileSync(path, 'utf8').split('\n')[1] ?? ''
    expect((await linesOf(directory, gateway)).join('\n')).not.toContain(secret)
  })

  it('is given to a data directory that had none, in the place where its chain stands', async () => {
    const directory = newDirectory()
    const journal = await openJournal({ directory })
    await journal.append({ type: 'gateway.started', body: {} }, 'disk')
    await journal.close()
    const { gateway, signer } = await start(directory)
    expect(await enrolled(directory, gateway)).toEqual([nameOf(signer)])
  })

  it.each(['before', 'after'])('is enrolled once, though a crash came %s its entry was written', async (when) => {
    const directory = newDirectory()
    const { gateway, signer } = await start(directory)
    const path = join(directory, 'keys', `${gateway}-signing.pem`)
    renameSync(path, path.replace('signing', 'signing-next'))
    if (when === 'before') rmSync(join(directory, 'journal', `${gateway}-000001.jsonl`))
    const again = await start(directory)
    if (when === 'after') expect(again.signer.publicKey).toEqual(signer.publicKey)
    expect(await enrolled(directory, gateway)).toEqual([nameOf(again.signer)])
    expect(readdirSync(join(directory, 'keys')).filter((name) => name.includes('signing'))).toEqual([`${gateway}-signing.pem`])
  })

  it('is not replaced when it was lost: nothing would vouch for what stands under the first', async () => {
    const directory = newDirectory()
    const { gateway } = await start(directory)
    rmSync(join(directory, 'keys', `${gateway}-signing.pem`))
    await expect(start(directory)).rejects.toMatchObject({ name: 'JournalBroken', message: expect.stringMatching(/-signing\.pem is missing.*restore it/) })
  })

  it.each([
    ['no key', 'nothing of the kind'],
    ['no Ed25519 key', generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' })],
  ])('is refused where its file holds %s', async (_what, content) => {
    const directory = newDirectory()
    const { gateway } = await start(directory)
    writeFileSync(join(directory, 'keys', `${gateway}-signing.pem`), content)
    await expect(start(directory)).rejects.toMatchObject({ name: 'JournalBroken', message: expect.stringMatching(/holds no .*restore it from a backup/) })
  })
})
