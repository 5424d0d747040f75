#!/usr/bin/env node
// In a checkout the sources run as they are; the published package carries only dist/, because Node does not strip types under node_modules.
import { existsSync } from 'node:fs'

const [major = 0] = process.versions.node.split('.').map(Number)
if (major < 24) {
  console.error(
    `countersign needs Node 24 or newer, and this is ${process.version}. In a checkout run "npm install" first: it brings one, and "npx countersign" uses it.`,
  )
  process.exit(1)
}
const source = new URL('../src/main.ts', import.meta.url)
await import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href)
