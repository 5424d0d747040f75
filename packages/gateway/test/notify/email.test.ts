import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { ALICE, aRequest, BOB } from '../../../core/test/arbitraries.ts'
import type { NotifyConfig } from '../../src/config/config.ts'
import { addressOf } from '../../src/notify/address.ts'
import { EmailChannel } from '../../src/notify/email.ts'
import { type Message, reviewItem, together } from '../../src/notify/message.ts'
import { type Mailbox, openMailbox } from './mailbox.ts'
import { aUser } from './users.ts'

const READER = aUser('bob@example.com')
const MESSAGE = reviewItem(aRequest({ id: 'req-7kq2', requester: { ...ALICE, user: 'alice@example.com' } }), ['bob'])

let mailbox: Mailbox
afterEach(() => mailbox.close())

function channel(over: Partial<NonNullable<NotifyConfig['email']>> = {}): EmailChannel {
  const { host, port } = mailbox
  return new EmailChannel({ host, port, secure: false, from: 'countersign@example.com', credential: null, ca: null, ...over }, () => 'https://cs.example.com')
}

const send = (message: Message, through = channel(), to = READER) => through.send({ id: 'delivery-1', message, to }, new AbortController().signal)

describe('an e-mail', () => {
  test('says who asks for what where, in text and in HTML, with the link that opens it', async () => {
    mailbox = await openMailbox()
    await send(MESSAGE)
    const [letter] = mailbox.letters
    expect(letter).toMatchObject({
      envelope: { from: 'countersign@example.com', to: ['bob@example.com'] },
      from: { name: 'Countersign', address: 'countersign@example.com' },
      to: [{ address: 'bob@example.com' }],
      subject: 'req-7kq2 waits for your review: sql:write on orders-db',
      messageId: '<delivery-1@example.com>',
    })
    expect(letter?.text).toContain('Who asks: alice@example.com\nNeeds: 1 of dba\nExpires: ')
    expect(letter?.text).toContain('Open it: https://cs.example.com/r/7kq2\n')
    expect(letter?.html).toContain('<a href="https://cs.example.com/r/7kq2">')
    expect(letter?.html).not.toMatch(/<(img|script|link|iframe)|src=/i)
    expect(letter?.headers).toContainEqual(expect.objectContaining({ key: 'auto-submitted', value: 'auto-generated' }))
  })

  test('about the same request again is in the same thread, and several at once are one', async () => {
    mailbox = await openMailbox()
    await send(MESSAGE)
    await send(MESSAGE)
    const requests = Array.from({ length: 12 }, (_, n) => reviewItem(aRequest({ id: `req-${n}` }), []))
    await send(together([MESSAGE, ...requests]))
    const [first, second, many] = mailbox.letters
    expect(second?.references).toBe(first?.references)
    expect(many?.subject).toBe('13 requests wait for your review')
    expect(many?.text).toContain('req-7kq2 waits for your review: sql:write on orders-db\n  https://cs.example.com/r/7kq2\n')
    expect(many?.text?.match(/waits for your review: /g)).toHaveLength(10)
    expect(many?.text).toContain('And: 3 more')
    expect(many?.html).toContain('<a href="https://cs.example.com/r/0">')
  })

  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '\r\nBcc: eve@example.com\r\n\r\n',
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      '\u202eecila\u202c',
      '\u2028\u0085x',
      '\0',
      '=?utf-8?q?x?=',
    ),
  )

  test('holds what names hold as text that can be seen: no header, no tag and no turning round', async () => {
    mailbox = await openMailbox()
    await send(MESSAGE)
    const [letter] = mailbox.letters
    const { headers = [], html: plain = '', text = '' } = letter ?? {}
    const lines = (of: string) => of.split('\n').length
    const tags = (html: string) => html.match(/<[^>]*>/g)
    await fc.assert(
      fc.asyncProperty(hostile, hostile, hostile, async (user, agent, group) => {
        mailbox.letters.length = 0
        const request = aRequest({ id: 'req-7kq2', requester: { ...ALICE, user, agent }, need: [[{ policy: 'p', groups: [group], quorum: 1 }]] })
        await send(reviewItem(request, [user]))
        const [came] = mailbox.letters
        const named = (list: typeof headers) => list.map(({ key, value }) => (['date', 'content-type'].includes(key) ? key : `${key}: ${value}`))
        expect(named(came?.headers ?? [])).toEqual(named(headers))
        expect(came?.envelope.to).toEqual(['bob@example.com'])
        expect(tags(came?.html ?? '')).toEqual(tags(plain))
        expect(`${came?.text}${came?.html}`).not.toMatch(/[\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\u0085\u2028\0]/u)
        expect(lines(came?.text ?? '')).toBe(lines(text))
      }),
      { numRuns: 40 },
    )
  })
})

test('an address is one that needs no quoting, of the person or his name', () => {
  mailbox = { close: () => Promise.resolve() } as Mailbox
  expect(addressOf(aUser('alice@example.com'))).toBe('alice@example.com')
  expect(addressOf(aUser('alice', { email: "a.o'neil+db@mail.example.co.uk" }))).toBe("a.o'neil+db@mail.example.co.uk")
  const wrong = [
    'alice',
    'a b@example.com',
    'a@b@example.com',
    'a@example',
    'a@example.com,eve@example.com',
    'a@example.com\r\nBcc: eve',
    '"a"@example.com',
    '<a@example.com>',
  ]
  expect(wrong.filter((name) => addressOf(aUser(name)) !== null)).toEqual([])
})

describe('the mail server', () => {
  test('is given a password inside TLS alone', async () => {
    process.env['MAIL_TEST_PASSWORD'] = 'canary'
    const credential = { username: 'countersign', password: { env: 'MAIL_TEST_PASSWORD' } }
    mailbox = await openMailbox({ login: true })
    await send(MESSAGE, channel({ credential, ca: mailbox.ca }))
    expect(mailbox.letters).toMatchObject([{ secure: true }])
    expect(mailbox.logins).toEqual([{ username: 'countersign', password: 'canary' }])
    await mailbox.close()
    mailbox = await openMailbox({ secure: true, login: true })
    await send(MESSAGE, channel({ credential, ca: mailbox.ca, secure: true }))
    expect(mailbox.letters).toMatchObject([{ secure: true }])
  })

  test('that offers no TLS, or a certificate that nobody vouches for, is given nothing', async () => {
    mailbox = await openMailbox({ tls: false })
    await expect(send(MESSAGE, channel({ ca: mailbox.ca }))).rejects.toThrow(/did not take a message|answered/)
    await mailbox.close()
    mailbox = await openMailbox()
    await expect(send(MESSAGE, channel({ ca: import.meta.filename }))).rejects.toThrow('did not take a message')
    expect(mailbox.letters).toEqual([])
  })

  test('that is not there, or busy, is tried again; a recipient whom it refuses for good is not', async () => {
    mailbox = await openMailbox()
    mailbox.refuse = { responseCode: 451, message: 'bob@example.com is busy' }
    await expect(send(MESSAGE)).rejects.toMatchObject({ final: false, everybody: false, message: `127.0.0.1:${mailbox.port} answered 451` })
    mailbox.refuse = { responseCode: 550, message: 'no such user bob@example.com' }
    await expect(send(MESSAGE)).rejects.toMatchObject({ final: true, message: `127.0.0.1:${mailbox.port} answered 550` })
    await expect(send(MESSAGE, channel({ port: 1 }))).rejects.toMatchObject({
      final: false,
      everybody: true,
      message: expect.stringContaining('127.0.0.1:1 did not take'),
    })
    await send(MESSAGE, channel({ port: 1 }), aUser(BOB.user)) // who has no address
  })
})
