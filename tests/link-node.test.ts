import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const PACKAGE = `node-${process.platform}-${process.arch}`

describe('after npm has installed', () => {
  let root = ''
  const link = () => join(root, 'node_modules/.bin/node')
  const afterInstall = () => execFileSync(process.execPath, [join(root, 'scripts/link-node.js')], { encoding: 'utf8' })

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'countersign-link-node-'))
    mkdirSync(join(root, 'scripts'))
    cpSync(join(import.meta.dirname, '../scripts/link-node.js'), join(root, 'scripts/link-node.js'))
    writeFileSync(join(root, 'package.json'), '{"type":"module"}')
    mkdirSync(join(root, 'node_modules', PACKAGE, 'bin'), { recursive: true })
    writeFileSync(join(root, 'node_modules', PACKAGE, 'bin/node'), '')
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  test('the link that npm 10 took away is back, twice in a row and in silence', () => {
    expect(afterInstall() + afterInstall()).toBe('')
    expect(readlinkSync(link())).toBe(`../${PACKAGE}/bin/node`)
  })

  test('a link that leads nowhere is replaced, and one that leads somewhere is left', () => {
    mkdirSync(join(root, 'node_modules/.bin'))
    symlinkSync('../gone/node', link())
    afterInstall()
    expect(readlinkSync(link())).toBe(`../${PACKAGE}/bin/node`)
    rmSync(link())
    symlinkSync(process.execPath, link())
    afterInstall()
    expect(readlinkSync(link())).toBe(process.execPath)
  })
})
