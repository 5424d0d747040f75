import { routes } from '@countersign/contract/routes'
import { WorkflowError } from '../../workflow/workflow.ts'
import type { App } from '../env.ts'
import { presentPrincipal } from '../present.ts'
import type { ApiServices } from '../services.ts'

/** Who asks, what there is, and how to reach it. */
export function mountAbout(app: App, services: ApiServices): void {
  const { gateway, config } = services

  app.openapi(routes.whoami, (c) => {
    const { principal, admin, auditor, mayReview, proven, by } = c.get('caller')
    const reviews = mayReview && principal.agent === null
    return c.json(
      {
        ...presentPrincipal(principal),
        groups: [...principal.groups],
        admin,
        auditor,
        mayReview: reviews,
        unproven: by.kind !== 'local' && !proven,
        via: by.kind,
        signedInAt: by.kind === 'login' ? new Date(by.signedInAt).toISOString() : null,
        gateway: gateway.id,
      },
      200,
    )
  })

  app.openapi(routes.resources, async (c) => {
    const { host, port } = services.addresses().postgres
    const views = await services.resources(c.get('caller'))
    return c.json(
      views.map(({ resource: { name, protocol, labels, mode, onHold }, summary, sessionMs }) => ({
        name,
        protocol,
        labels,
        mode,
        onHold,
        connect: { host, port, database: name },
        summary,
        sessionMs,
      })),
      200,
    )
  })

  app.openapi(routes.checkResource, async (c) => {
    if (!c.get('caller').admin) throw new WorkflowError('forbidden', 'what is wrong with a target is for admins')
    const { name } = c.req.valid('param')
    const { databases, findings } = await services.checkResource(name)
    return c.json({ resource: name, databases: [...databases], findings: [...findings] }, 200)
  })

  app.openapi(routes.gateway, (c) => {
    const { host, port } = services.addresses().postgres
    const { id, version, certificate } = gateway
    return c.json({ id, version, url: config.url, postgres: { host, port }, certificate }, 200)
  })
}
