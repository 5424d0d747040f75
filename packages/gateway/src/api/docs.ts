import { readFile } from 'node:fs/promises'
import { html } from 'hono/html'
import type { App } from './env.ts'

/** The files of swagger-ui-dist that the page needs; nothing else of the package is served. */
const FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
}

/**
 * A checkout has swagger-ui-dist from npm. The published package carries these files itself (packages/cli/tsdown.config.ts): as a
 * dependency it would bring @scarf/scarf, whose install script reports whoever installs it to somebody else.
 */
const place = (name: string): URL =>
  import.meta.url.endsWith('.ts') ? new URL(import.meta.resolve(`swagger-ui-dist/${name}`)) : new URL(`./swagger-ui/${name}`, import.meta.url)

const INITIALIZER = "window.SwaggerUIBundle({ url: '/api/openapi.json', dom_id: '#docs', validatorUrl: null, deepLinking: true })\n"

/** The API's documentation, readable without any other host: scripts come from here, and none is inline. */
export function mountDocs(app: App): void {
  app.get('/api/docs', (c) =>
    c.html(
      html`<!doctype html>
        <html lang="en">
          <head>
            <meta charset="utf-8" />
            <title>Countersign API</title>
            <link rel="stylesheet" href="/api/docs/swagger-ui.css" />
          </head>
          <body>
            <div id="docs"></div>
            <script src="/api/docs/swagger-ui-bundle.js"></script>
            <script src="/api/docs/initializer.js"></script>
          </body>
        </html>`,
    ),
  )

  app.get('/api/docs/initializer.js', (c) => c.body(INITIALIZER, 200, { 'content-type': 'text/javascript; charset=utf-8' }))

  for (const [name, type] of Object.entries(FILES)) {
    app.get(`/api/docs/${name}`, async (c) => {
      const file = await readFile(place(name))
      return c.body(new Uint8Array(file), 200, { 'content-type': type, 'cache-control': 'public, max-age=3600' })
    })
  }
}
