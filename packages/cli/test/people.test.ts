import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Authenticator } from '../../../tests/support/authenticator.ts'
import { enrol, openBrowser } from '../../../tests/support/people.ts'
import { type Bed, openBed, type Person } from '../../gateway/test/api/bed.ts'
import { cli } from './cli.ts'

let bed: Bed
beforeAll(async () => {
  bed = await openBed()
})
afterAll(() => bed.close())

const ORIGIN = 'https://cs.example.com'
const as = (person: Person) => ({ env: { COUNTERSIGN_GATEWAY: bed.url, COUNTERSIGN_TOKEN: bed.secrets[person] } })
const run = (person: Person, ...args: readonly string[]) => cli([...args], as(person))

describe('people and their passkeys', { timeout: 120_000 }, () => {
  it('are invited by a link that is printed alone, enrol, are listed, and are disabled and enabled again', async () => {
    const { stdout, stderr } = await run('root', 'user', 'invite', 'dana@example.com', '--groups', 'dba,security')
    expect(stdout).toMatch(/^https:\/\/cs\.example\.com\/enrol#[\w-]{43}\n$/)
    expect(stderr).toMatch(/^inv-\w+ for dana@example\.com, good once and until/)
    await expect.poll(() => bed.services.directory.user('dana@example.com')).not.toBeNull()
    const { passkey } = await enrol(openBrowser(bed.url, ORIGIN, new Authenticator(ORIGIN)), stdout.trim(), 'laptop')

    expect((await run('root', 'user', 'list')).stdout).toMatch(/^ *dana@example\.com +dba, security +- +local +1$/m)
    expect((await run('root', 'passkey', 'list', '--user', 'dana@example.com')).stdout).toMatch(
      new RegExp(`^ *${passkey.id} +dana@example\\.com +laptop +counts +never$`, 'm'),
    )
    expect(await run('root', 'user', 'disable', 'dana@example.com')).toMatchObject({ code: 0, stdout: 'dana@example.com is disabled\n' })
    await expect.poll(() => bed.services.directory.user('dana@example.com')).toBeNull()
    expect((await run('root', 'user', 'list')).stdout).toMatch(/^ *dana@example\.com .* nothing: disabled /m)
    expect(await run('root', 'user', 'enable', 'dana@example.com')).toMatchObject({ code: 0, stdout: 'dana@example.com is enabled\n' })
    expect((await run('root', 'passkey', 'remove', passkey.id)).stdout).toBe(`${passkey.id} of dana@example.com is removed\n`)
  })

  it('are uninvited before they have enrolled', async () => {
    const { id } = await bed.admin.invite({ user: 'eve@example.com', groups: ['dba'] })
    expect((await run('root', 'user', 'invites')).stdout).toMatch(new RegExp(`^ *${id} +eve@example\\.com +local-admin +\\S.* open$`, 'm'))
    expect(await run('root', 'user', 'uninvite', id)).toMatchObject({ code: 0, stdout: `${id} of eve@example.com is taken back\n` })
    expect((await run('root', 'user', 'invites', '--json')).stdout).not.toContain(id)
    expect((await run('root', 'user', 'invites', '--all')).stdout).toMatch(new RegExp(`^ *${id} .* taken back$`, 'm'))
    expect(await run('root', 'user', 'uninvite', id)).toMatchObject({ code: 1, stdout: '' })
    expect(await run('bob', 'user', 'invites')).toMatchObject({ code: 1, stdout: '' })
  })

  it('another admin agrees to the key of an admin', async () => {
    const { link } = await bed.admin.invite({ user: 'rita', admin: true })
    await expect.poll(() => bed.services.directory.user('rita')?.admin).toBe(true)
    const { passkey } = await enrol(openBrowser(bed.url, ORIGIN, new Authenticator(ORIGIN)), link)
    expect((await run('root', 'passkey', 'list', '--status', 'waiting')).stdout).toMatch(/rita +telephone +waits for another admin/)
    expect((await run('root', 'passkey', 'list', '--waits')).stdout).toMatch(/rita +telephone +waits for another admin/)
    expect((await run('root', 'passkey', 'approve', passkey.id)).stdout).toBe(`${passkey.id} of rita counts\n`)
  })

  it('are for admins', async () => {
    expect(await run('bob', 'user', 'invite', 'eve@example.com')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/invited by admins/) })
    expect(await run('bob', 'user', 'list')).toMatchObject({ code: 1, stderr: expect.stringMatching(/for admins and auditors/) })
  })
})
