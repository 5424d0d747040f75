import 'asciinema-player/dist/bundle/asciinema-player.css'
import './terminal-player.css'
import { create, type Player } from 'asciinema-player'

/** As in `countersign replay`: nobody watches somebody think. */
const LONGEST_PAUSE_S = 2
const ROWS = 30
/** A line of a statement is broken where the screen ends, and its letters are never smaller than can be read. */
const COLUMNS = { fewest: 40, most: 120 }
const LETTER_PX = 8

/** Asciinema's own player with a recording in it, which plays when somebody says so. To be disposed of. It is Apache-2.0, and its terminal is WebAssembly. */
export function openTerminal(host: HTMLElement, cast: string): Player {
  return create({ data: cast }, host, {
    cols: Math.min(Math.max(Math.floor(host.clientWidth / LETTER_PX), COLUMNS.fewest), COLUMNS.most),
    rows: ROWS,
    preload: true,
    poster: 'npt:0',
    idleTimeLimit: LONGEST_PAUSE_S,
    fit: 'width',
    controls: true,
    cursorMode: 'hidden',
    theme: 'countersign',
    terminalFontFamily: 'var(--mantine-font-family-monospace)',
  })
}
