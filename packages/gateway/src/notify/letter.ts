import type { Message } from './message.ts'

/** A message as an e-mail says it, to people who see HTML and to those who do not. Nothing is fetched when it is opened. */
export interface Letter {
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** `url` is where people reach the gateway. */
export function letterOf({ title, facts, each, path }: Message, url: string): Letter {
  const why = `The Countersign gateway at ${url} tells you this. Of what it does, and how, you choose in your profile there.`
  return {
    subject: title,
    text: [
      title,
      '',
      ...each.map(([at, one]) => `${one}\n  ${url}${at}`),
      ...facts.map(([label, value]) => `${label}: ${value}`),
      '',
      `Open it: ${url}${path}`,
      '',
      why,
      '',
    ].join('\n'),
    html: [
      '<!doctype html><html lang="en"><body style="font:16px/1.5 sans-serif">',
      `<p><strong>${escape(title)}</strong></p>`,
      ...each.map(([at, one]) => `<p><a href="${escape(url + at)}">${escape(one)}</a></p>`),
      ...facts.map(([label, value]) => `<p>${escape(label)}: <bdi>${escape(value)}</bdi></p>`),
      `<p><a href="${escape(url + path)}">${escape(url + path)}</a></p>`,
      `<p><small>${escape(why)}</small></p>`,
      '</body></html>',
    ].join('\n'),
  }
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const escape = (text: string) => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
