import { routes } from '@countersign/contract/routes'
import type { DeviceAsk } from '@countersign/contract/schemas/device'
import { stateOf } from '../../identity/devices.ts'
import type { DeviceRecord } from '../../store/store.ts'
import type { App } from '../env.ts'
import { presentToken } from '../present.ts'
import type { ApiServices } from '../services.ts'

/** Signing in at a command line. The first two are open: what they are good for is in the code that the second one takes. */
export function mountDevice(app: App, { devices, config }: Pick<ApiServices, 'devices' | 'config'>): void {
  app.openapi(routes.device, async (c) => {
    const { client, host } = c.req.valid('json')
    const address = c.env?.incoming?.socket.remoteAddress ?? 'this host'
    const { deviceCode, device } = await devices.begin({ client, host: host ?? null, address })
    const userCode = written(device)
    const link = new URL('/device', config.url).href
    return c.json(
      { deviceCode, userCode, link, linkWithCode: `${link}?code=${userCode}`, expiresAt: iso(device.expiresAt), intervalMs: device.intervalMs },
      200,
    )
  })

  app.openapi(routes.deviceToken, async (c) => {
    const { token, record } = await devices.redeem(c.req.valid('json').deviceCode)
    return c.json({ ...presentToken(record), token }, 200)
  })

  app.openapi(routes.deviceAsk, async (c) => c.json(present(await devices.show(c.get('caller'), c.req.valid('param').userCode)), 200))

  app.openapi(routes.confirmDevice, async (c) => c.json(present(await devices.decide(c.get('caller'), c.req.valid('param').userCode, true)), 200))

  app.openapi(routes.refuseDevice, async (c) => c.json(present(await devices.decide(c.get('caller'), c.req.valid('param').userCode, false)), 200))
}

function present(device: DeviceRecord): DeviceAsk {
  const { client, host, address, createdAt, expiresAt } = device
  return { userCode: written(device), client, host, address, askedAt: iso(createdAt), expiresAt: iso(expiresAt), state: stateOf(device, Date.now()) }
}

/** `WDJB-MJHT`: in two halves it is easier to read aloud. */
const written = ({ userCode }: DeviceRecord) => `${userCode.slice(0, 4)}-${userCode.slice(4)}`

const iso = (ms: number) => new Date(ms).toISOString()
