import { answers, body, nothing } from './answers.ts'
import { byUserCode, DeviceAsk, DeviceBody, DeviceCode, DeviceTokenBody } from './schemas/device.ts'
import { CreatedToken } from './schemas/token.ts'

/** Needs neither a token nor a sign-in. */
const open = { security: [] }

/** Signing in at a command line, by a code that is confirmed on the web. */
export const deviceRoutes = {
  device: {
    method: 'post',
    path: '/api/v1/device',
    summary: 'Ask for a command line to be signed in (RFC 8628)',
    ...open,
    request: { body: body(DeviceBody) },
    responses: answers(DeviceCode, 'A code for a person to confirm on the web, and one to fetch the token with'),
  },
  deviceToken: {
    method: 'post',
    path: '/api/v1/device/token',
    summary: 'Fetch the token of a command line that was confirmed, with its device code',
    ...open,
    request: { body: body(DeviceTokenBody) },
    responses: answers(CreatedToken, 'The token, once; until then `authorization-pending`, `slow-down`, `access-denied` or `expired-code`'),
  },
  deviceAsk: {
    method: 'get',
    path: '/api/v1/device/{userCode}',
    summary: 'Who asks to be signed in; for whoever is signed in on the web',
    request: { params: byUserCode },
    responses: answers(DeviceAsk, 'What it says of itself, and where it asked from'),
  },
  confirmDevice: {
    method: 'post',
    path: '/api/v1/device/{userCode}/confirm',
    summary: 'Sign this command line in as me; for whoever is signed in on the web',
    request: { params: byUserCode, body: body(nothing) },
    responses: answers(DeviceAsk, 'It fetches its token by itself'),
  },
  refuseDevice: {
    method: 'post',
    path: '/api/v1/device/{userCode}/refuse',
    summary: 'Refuse this command line for good; for whoever is signed in on the web',
    request: { params: byUserCode, body: body(nothing) },
    responses: answers(DeviceAsk, 'It is told'),
  },
} as const
