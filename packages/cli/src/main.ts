import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { z } from 'zod'
import { group, run } from './command.ts'
import { addApprove } from './commands/approve.ts'
import { addConnect } from './commands/connect.ts'
import { addDemo } from './commands/demo.ts'
import { addDeny } from './commands/deny.ts'
import { addDone } from './commands/done.ts'
import { addExec } from './commands/exec.ts'
import { addGrants } from './commands/grants.ts'
import { addKill } from './commands/kill.ts'
import { addLeases } from './commands/leases.ts'
import { addLedgerCheckpoint } from './commands/ledger-checkpoint.ts'
import { addLedgerExport } from './commands/ledger-export.ts'
import { addLedgerKeys, addLedgerVouch } from './commands/ledger-keys.ts'
import { addLedgerProof } from './commands/ledger-proof.ts'
import { addLedgerReport } from './commands/ledger-report.ts'
import { addLedgerRotateKey } from './commands/ledger-rotate-key.ts'
import { addLedgerVerify } from './commands/ledger-verify.ts'
import { addPasskeyApprove, addPasskeyDeny, addPasskeyRemove } from './commands/passkey-change.ts'
import { addPasskeyList } from './commands/passkey-list.ts'
import { addLogin } from './commands/login.ts'
import { addLogout } from './commands/logout.ts'
import { addPersonErase } from './commands/person-erase.ts'
import { addPersonErasures } from './commands/person-erasures.ts'
import { addPolicyCheck } from './commands/policy-check.ts'
import { addPolicyExplain } from './commands/policy-explain.ts'
import { addRecordings } from './commands/recordings.ts'
import { addReplay } from './commands/replay.ts'
import { addRequest } from './commands/request.ts'
import { addRequests } from './commands/requests.ts'
import { addResourceCheck } from './commands/resource-check.ts'
import { addResources } from './commands/resources.ts'
import { addRevoke } from './commands/revoke.ts'
import { addSessions } from './commands/sessions.ts'
import { addShow } from './commands/show.ts'
import { addStart } from './commands/start.ts'
import { addTokenCreate } from './commands/token-create.ts'
import { addTokenList } from './commands/token-list.ts'
import { addTokenRevoke } from './commands/token-revoke.ts'
import { addUserDisable, addUserEnable } from './commands/user-active.ts'
import { addUserInvite } from './commands/user-invite.ts'
import { addUserInvites, addUserUninvite } from './commands/user-invites.ts'
import { addUserList } from './commands/user-list.ts'
import { addWhoami } from './commands/whoami.ts'
import { addWatch } from './commands/watch.ts'
import { addWithdraw } from './commands/withdraw.ts'

const FOOTER = `
Environment:
  COUNTERSIGN_GATEWAY  the gateway's address (default: that of the last login, else http://127.0.0.1:7070)
  COUNTERSIGN_TOKEN    your token (default: that of countersign login)
  NO_COLOR             no colours

Exit codes: 0 ok, 1 failed, 2 usage, 3 denied, 4 still pending`

const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')))

const program = new Command('countersign')
  .description('Just-in-time access gateway with action approval')
  .version(version, '-V, --version')
  .helpOption('-h, --help', 'show help')
  .enablePositionalOptions()
  .showHelpAfterError('(add --help for usage and examples)')
  .addHelpText('after', FOOTER)
  .exitOverride()

program.commandsGroup('Gateway:')
addStart(program)
addDemo(program)

program.commandsGroup('Access:')
for (const add of [addLogin, addLogout, addWhoami, addResources, addRequest, addConnect, addExec, addDone]) add(program)

program.commandsGroup('Review:')
for (const add of [addRequests, addShow, addApprove, addDeny, addWithdraw]) add(program)

program.commandsGroup('Oversight:')
for (const add of [addGrants, addRevoke, addSessions, addWatch, addKill, addLeases, addRecordings, addReplay]) add(program)
const resource = group(program, 'resource', 'Check what a resource stands for')
addResourceCheck(resource)
const person = group(program, 'person', 'Erase personal data')
for (const add of [addPersonErase, addPersonErasures]) add(person)
const policy = group(program, 'policy', 'Check and explain policies')
for (const add of [addPolicyCheck, addPolicyExplain]) add(policy)
const user = group(program, 'user', 'Invite, list, disable and enable people')
for (const add of [addUserInvite, addUserInvites, addUserUninvite, addUserList, addUserDisable, addUserEnable]) add(user)
const passkey = group(program, 'passkey', 'List and remove passkeys, and agree to those of other admins')
for (const add of [addPasskeyList, addPasskeyRemove, addPasskeyApprove, addPasskeyDeny]) add(passkey)
const token = group(program, 'token', 'Make, list and revoke tokens')
for (const add of [addTokenCreate, addTokenList, addTokenRevoke]) add(token)
const ledger = group(program, 'ledger', 'Verify and export the ledger, and care for its keys')
for (const add of [addLedgerVerify, addLedgerCheckpoint, addLedgerExport, addLedgerReport, addLedgerKeys, addLedgerVouch, addLedgerRotateKey, addLedgerProof])
  add(ledger)

// A reader that has seen enough (`| head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

await run(program, process.argv)
