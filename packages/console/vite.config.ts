import { convertCssVariables, DEFAULT_THEME, defaultCssVariablesResolver, mergeMantineTheme } from '@mantine/core'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import { theme } from './src/theme/theme.ts'

/**
 * Mantine writes the variables of a theme into a `<style>` at run time, which the gateway's Content-Security-Policy forbids. They are made once, here, in the
 * place of what src/theme/variables.css says.
 */
function themeVariables(): Plugin {
  return {
    name: 'countersign-theme',
    enforce: 'pre',
    load: (id) =>
      id.endsWith('/theme/variables.css') ? convertCssVariables(defaultCssVariablesResolver(mergeMantineTheme(DEFAULT_THEME, theme)), ':root') : null,
  }
}

export default defineConfig({
  plugins: [react(), themeVariables()],
  build: {
    // Browsers of 2024 and later: what they have natively (light-dark(), nesting) is not made into something else.
    target: ['chrome123', 'firefox128', 'safari17.5'],
    cssTarget: ['chrome123', 'firefox128', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What pages share are dozens of small files; each answer has two thirds of a kilobyte of headers, and a place in a queue.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'parts', test: /[/]src[/]parts[/]/ }] } } },
    license: { fileName: 'assets/licences.md' },
    reportCompressedSize: false,
    // What counts is what a browser has to fetch for a page: tests/console-served.test.ts.
    chunkSizeWarningLimit: 1_000,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:7070', '/auth': 'http://127.0.0.1:7070' } },
})
