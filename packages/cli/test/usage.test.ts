import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { cli } from './cli.ts'

const COMMANDS = [
  ['start'],
  ['whoami'],
  ['resources'],
  ['request'],
  ['requests'],
  ['show'],
  ['approve'],
  ['deny'],
  ['withdraw'],
  ['connect'],
  ['exec'],
  ['done'],
  ['grants'],
  ['revoke'],
  ['sessions'],
  ['kill'],
  ['resource', 'check'],
  ['policy', 'check'],
  ['policy', 'explain'],
  ['user', 'invite'],
  ['user', 'list'],
  ['user', 'disable'],
  ['user', 'enable'],
  ['passkey', 'list'],
  ['passkey', 'remove'],
  ['passkey', 'approve'],
  ['passkey', 'deny'],
  ['token', 'create'],
  ['token', 'list'],
  ['token', 'revoke'],
  ['ledger', 'export'],
  ['ledger', 'report'],
  ['ledger', 'verify'],
]

const empty = mkdtempSync(join(tmpdir(), 'countersign-cli-'))
afterAll(() => rmSync(empty, { recursive: true }))

describe('help', () => {
  it.each(COMMANDS)('%s %s: has --json and examples, and exit code 0', async (...command) => {
    const { code, stdout, stderr } = await cli([...command, '--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('--json')
    expect(stdout).toMatch(/Examples:\n {2}\$ (export COUNTERSIGN_TOKEN=\$\()?countersign /)
  })

  it('names every command, the environment and the exit codes', async () => {
    const { code, stdout } = await cli(['--help'])
    expect(code).toBe(0)
    for (const [name] of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'))
    expect(stdout).toContain('COUNTERSIGN_TOKEN')
    expect(stdout).toContain('3 denied, 4 still pending')
  })

  it('prints its version', async () => {
    expect(await cli(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })
})

describe('usage errors have exit code 2, say so on stderr, and print nothing on stdout', () => {
  it.each([
    [['aprove', 'req-1'], 'Did you mean approve?'],
    [['approve', 'req-1', '--coment', 'x'], 'Did you mean --comment?'],
    [['approve'], "missing required argument 'id'"],
    [['approve', 'req-1', '--uses', '2', '--for', '15m'], 'give --shape too'],
    [['approve', 'req-1', '--shape', '--uses', '0'], 'from 1 on'],
    [['approve', 'req-1', '--shape', '--until', '25:00'], 'A time is'],
    [['approve', 'req-1', '--rows', '5'], 'give --shape too'],
    [['approve', 'req-1', '--shape', '--rows', 'few'], 'whole number'],
    [['deny', 'req-1'], "'--comment <text>' not specified"],
    [['request', 'orders-db', '--for', '30'], 'A duration is a number and a unit'],
    [['request', 'orders-db', '--scope', 'sql:rite'], 'sql:write'],
    [['request', 'orders-db', '--action', 'x', '--scope', 'sql:write'], 'cannot be used with'],
    [['request', 'orders-db', '--action', 'x', '-f', 'x.sql'], 'cannot be used with'],
    [['exec', 'orders-db'], '-f FILE'],
    [['exec', 'orders-db', '-f', 'x.sql', '--', 'SELECT 1'], '-f FILE'],
    [['whoami', 'extra'], 'too many arguments'],
    [['policy', 'explain', 'orders-db'], '--action TEXT or --type TYPE'],
    [['token', 'create', '--data', 'data'], 'say whose it is'],
    [['token', 'create', '--action', 'sql:drop'], 'Choose one of'],
    [['token', 'revoke'], 'name one token, or say --all'],
    [['token', 'revoke', 'tok-1', '--all'], 'name one token, or say --all'],
    [['token', 'creat', '--user', 'a'], 'Did you mean create?'],
    [[], 'Usage: countersign'],
    [['ledger'], 'Usage: countersign ledger'],
  ])('%j', async (args, said) => {
    const { code, stdout, stderr } = await cli(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(said)
  })
})

describe('what is missing is named, with what to do', () => {
  it.each([
    [['whoami'], { XDG_CONFIG_HOME: '/nowhere' }, ['you are not signed in to http://127.0.0.1:7070/', 'countersign login', 'countersign token create']],
    [['whoami'], { COUNTERSIGN_TOKEN: 'cst_x', COUNTERSIGN_GATEWAY: 'http://127.0.0.1:9' }, ['does not answer', 'countersign start']],
    [['whoami'], { COUNTERSIGN_TOKEN: 'cst_x', COUNTERSIGN_GATEWAY: 'http://cs.example.com' }, ['would carry your token in clear', 'https://']],
    [['whoami'], { COUNTERSIGN_TOKEN: 'cst_x', COUNTERSIGN_GATEWAY: 'localhost:7070' }, ['not a web address']],
    [['whoami'], { COUNTERSIGN_TOKEN: 'cst_x\nX-Evil: 1' }, ['characters that no token has']],
    [['exec', 'orders-db', '-f', 'gone.sql'], {}, ['gone.sql cannot be read (ENOENT)']],
    [['ledger', 'verify', 'gone.json'], {}, ['gone.json: there is no such file or folder']],
    [['exec', 'orders-db', '-f', '-'], {}, ['standard input holds no statement']],
    [['start'], {}, ['no configuration file', 'countersign.yaml', 'countersign demo']],
    [['policy', 'check', '--config', 'gone.yaml'], {}, ['gone.yaml', '--config FILE']],
    [['token', 'create', '--user', 'alice', '--data', 'data'], {}, ['no gateway runs on', 'countersign.yaml']],
    [['ledger', 'verify', '--data', 'data'], {}, ['there is no journal']],
  ])('%j', async (args, env, said) => {
    const { code, stdout, stderr } = await cli(args, { env, cwd: empty })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    for (const part of said) expect(stderr).toContain(part)
    expect(stderr).not.toContain('cst_x')
    expect(stderr).not.toContain('    at ')
  })

  it('as JSON on stdout too', async () => {
    const { code, stdout } = await cli(['whoami', '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'failed', message: expect.stringContaining('COUNTERSIGN_TOKEN'), hint: expect.stringContaining('token create') },
    })
  })
})
