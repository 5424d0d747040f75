#!/usr/bin/env node
// In a checkout the sources run as they are; the published package carries only dist/, because Node does not strip types under node_modules.
import { existsSync } from 'node:fs'

const source = new URL('../src/main.ts', import.meta.url)
await import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href)
