/*
 * Loaded before a gateway (`node --import`): its clock goes back by an hour while the file is there that CLOCK_BACK names.
 * What is waited for goes by another clock, as it does when an operator, or ntpd, sets the real one.
 */
import { existsSync } from 'node:fs'

const HOUR_MS = 3_600_000
const file = process.env['CLOCK_BACK'] ?? ''
const now = Date.now
let back = existsSync(file) ? HOUR_MS : 0

setInterval(() => (back = existsSync(file) ? HOUR_MS : 0), 20).unref()
Date.now = () => now() - back
