import { html } from 'hono/html'
import type { App } from './env.ts'

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 1rem;color:#1c1c1c;background:#fff}code,pre{font:14px/1.5 ui-monospace,monospace;background:#f1f1ee;padding:.1em .3em}pre{padding:1rem;overflow:auto}a{color:#0b57a4}'

type Html = ReturnType<typeof html>

/** A page of the gateway's own, without a script. */
export const page = (title: string, content: Html) =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        <link rel="stylesheet" href="/page.css" />
      </head>
      <body>
        ${content}
      </body>
    </html>`

/** What pages look like that the console does not draw. */
export function mountStyle(app: App): void {
  app.get('/page.css', (c) => c.body(STYLE, 200, { 'content-type': 'text/css; charset=utf-8' }))
}

/** In the place of a console that was not built (scripts/console.ts): two pages that need no login and say nothing about anybody's requests. */
export function mountPages(app: App): void {
  app.get('/', (c) =>
    c.html(
      page(
        'Countersign',
        html`<h1>Countersign</h1>
          <p>
            This gateway stands between people, their agents and the databases behind it. What policy does not allow by itself waits here until somebody else
            countersigns it.
          </p>
          <p><a href="/api/docs">API documentation</a> · <a href="/api/openapi.json">OpenAPI 3.1</a></p>`,
      ),
    ),
  )

  app.get('/r/:id', (c) => {
    const [, id] = /^(?:req-)?([a-z0-9]{1,40})$/.exec(c.req.param('id')) ?? []
    return id === undefined
      ? c.html(
          page(
            'No such request',
            html`<h1>This is no request's link</h1>
              <p>A request is named like <code>req-7kq2</code>.</p>`,
          ),
          404,
        )
      : c.html(requestPage(`req-${id}`))
  })
}

const requestPage = (id: string) =>
  page(
    id,
    html`<h1>${id}</h1>
      <p>See what is asked, by whom and why:</p>
      <pre>countersign show ${id}</pre>
      <p>If it is yours to review:</p>
      <pre>
countersign approve ${id}
countersign deny ${id} --comment "why not"</pre>
      <p>Everything that waits for you: <code>countersign requests --inbox</code>. This page says nothing about the request: it needs no login.</p>`,
  )
