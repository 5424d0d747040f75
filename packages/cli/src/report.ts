import { ClientError } from '@countersign/contract/client-error'
import { visible } from '@countersign/contract/visible'
import { CliError, EXIT, systemCode } from './error.ts'
import { type Output, printable } from './output.ts'

interface Failure {
  readonly exit: number
  /** For programs: the gateway's own code where it gave one. */
  readonly code: string
  readonly message: string
  readonly hint: string | null
}

const SIGN_IN =
  "check COUNTERSIGN_TOKEN, or run `countersign login`; on the gateway's own host `countersign token create --user YOU --data DIR` prints a new token"

/** Says why a command failed and what to do next, and gives its exit code. */
export function report(out: Output, error: unknown): number {
  const { exit, code, message, hint } = failureOf(error)
  process.stderr.write(`error: ${printable(message)}\n`)
  if (hint !== null) process.stderr.write(`  ${visible(hint)}\n`)
  if (out.json) out.data({ error: { code, message, hint } })
  return exit
}

function failureOf(error: unknown): Failure {
  if (error instanceof CliError) return { exit: EXIT[error.code], code: error.code, message: error.message, hint: error.next }
  if (error instanceof ClientError) return clientFailure(error)
  const message = fileFailure(error) ?? (error instanceof Error ? error.message : String(error))
  return { exit: EXIT.failed, code: 'failed', message, hint: null }
}

const FILE_FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'this user may not read or write it',
  EPERM: 'this user may not read or write it',
  EISDIR: 'it is a folder, and a file is meant',
  ENOTDIR: 'it is a file, and a folder is meant',
  ENOSPC: 'the disk is full',
}

/** Of a file that could not be read or written; null for anything else. */
function fileFailure(error: unknown): string | null {
  const why = FILE_FAILURES[systemCode(error) ?? '']
  return why !== undefined && error instanceof Error && 'path' in error && typeof error.path === 'string' ? `${error.path}: ${why}` : null
}

function clientFailure({ code, message, problem }: ClientError): Failure {
  if (code === 'unreachable') return { exit: EXIT.failed, code, message, hint: 'start one with `countersign start`, or name it in COUNTERSIGN_GATEWAY' }
  if (!problem) return { exit: EXIT.failed, code, message, hint: null }
  // The gateway's own hint is for who writes the header; here it comes from the environment or from `login`.
  const hint = problem.code === 'unauthenticated' ? SIGN_IN : (problem.hint ?? null)
  return { exit: problem.code === 'denied' ? EXIT.denied : EXIT.failed, code: problem.code, message, hint }
}
