import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ALICE, BOB, RESOURCE } from './files.ts'
import { type DemoGateway, PORTS } from './gateway.ts'
import type { Teller } from './teller.ts'

/** What to try by hand while the demo stays up. No line carries a token: they name the files. */
export function handOut(teller: Teller, { url, postgres, folder, log, signsIn, alice, bob }: DemoGateway): void {
  const { colors } = teller
  const moved = url.endsWith(`:${PORTS.http}`) ? [] : [`export COUNTERSIGN_GATEWAY=${url}`]
  const block = (title: string, lines: readonly string[]) => {
    teller.say(`\n${colors.bold(title)}`)
    for (const line of lines) teller.say(`  ${line}`)
  }
  teller.say(`\n${colors.bold('Now you.')} It all stays up until Ctrl-C, which removes every trace of it.`)
  block(`As ${ALICE}, in another terminal`, [
    `export PGPASSWORD=$(cat ${alice.tokenFile})`,
    `psql "host=${postgres.host} port=${postgres.port} user=${ALICE} dbname=${RESOURCE}"`,
    colors.dim('  then, for instance: DELETE FROM orders WHERE id = 10;'),
  ])
  if (!hasPsql())
    block('There is no psql here', [
      ...PSQL,
      'or, without one:',
      ...moved,
      `COUNTERSIGN_TOKEN=$(cat ${alice.tokenFile}) npx countersign exec ${RESOURCE} -- "DELETE FROM orders WHERE id = 10"`,
    ])
  block(`As ${BOB}, in a third, ${inCheckout() ? 'in this folder' : 'where the package is installed'}`, [
    ...moved,
    `export COUNTERSIGN_TOKEN=$(cat ${bob.tokenFile})`,
    'npx countersign requests --inbox',
    'npx countersign approve ID --comment "looks right"',
  ])
  if (signsIn) block(`Or in a browser, as ${BOB} or ${ALICE}`, [`${url}/auth/oidc/demo`])
  block('And', [
    `API       ${url}/api/docs`,
    `policies  ${join(folder, 'policies')}   edit them: they take effect at once`,
    `ledger    npx countersign ledger verify --data ${join(folder, 'data')}`,
    `log       ${log}`,
  ])
  teller.say()
}

const PSQL = [
  'Debian, Ubuntu: apt install postgresql-client',
  'macOS:          brew install libpq && export PATH="$(brew --prefix libpq)/bin:$PATH"',
  'Fedora:         dnf install postgresql',
]

function hasPsql(): boolean {
  return spawnSync('psql', ['--version'], { stdio: 'ignore' }).status === 0
}

const inCheckout = () => import.meta.url.endsWith('.ts')
