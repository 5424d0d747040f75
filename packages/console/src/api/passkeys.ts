import { ClientError } from '@countersign/contract/client-error'
import { Assertion, type CreationOptions, Registration, type RequestOptions } from '@countersign/contract/schemas/webauthn'
import { client } from './client.ts'

/** True where the browser can speak with an authenticator in the gateway's words (Web Authentication Level 3, section 5.1.8). */
export const hasPasskeys = (): boolean => 'PublicKeyCredential' in window && 'parseRequestOptionsFromJSON' in PublicKeyCredential

/** Asks whoever is there for a passkey that he has. */
export async function assertion(options: RequestOptions): Promise<Assertion> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
  return Assertion.parse(await asked(() => navigator.credentials.get({ publicKey })))
}

/** Makes a passkey, which stays with whoever is there. */
export async function registration(options: CreationOptions): Promise<Registration> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
  return Registration.parse(await asked(() => navigator.credentials.create({ publicKey })))
}

/** Does `work`; where the gateway wants proof first that its owner is still there, asks for it and does it then. */
export async function withProof<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ClientError) || error.problem?.code !== 'step-up-required') throw error
    const { options } = await client.stepUpOptions()
    await client.stepUp({ credential: await assertion(options) })
    return work()
  }
}

/** Browsers say for every reason that it was not allowed: nobody may find out who has which passkeys. */
async function asked(prompt: () => Promise<Credential | null>): Promise<unknown> {
  try {
    const credential = await prompt()
    if (credential instanceof PublicKeyCredential) return credential.toJSON()
    throw new Error('the browser gave no passkey')
  } catch (error) {
    if (!(error instanceof DOMException)) throw error
    if (error.name === 'InvalidStateError') throw new Error('this device has a passkey for you here already', { cause: error })
    throw new Error('no passkey was used: it was cancelled, took too long, or there is none for this address', { cause: error })
  }
}
