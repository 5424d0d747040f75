import SCIMMY from 'scimmy'

/** A refusal in SCIM's own words (RFC 7644 section 3.12). */
export class ScimError extends SCIMMY.Types.Error {}

export const notFound = (what: string, id: string) => new ScimError(404, '', `there is no ${what} ${id} that was provisioned`)

export const taken = (message: string) => new ScimError(409, 'uniqueness', message)

export const invalid = (message: string) => new ScimError(400, 'invalidValue', message)
