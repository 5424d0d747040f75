import { CheckCircledIcon, ClockIcon } from '@radix-ui/react-icons'
import type { ProvenEntry } from '@countersign/contract/schemas/ledger'
import { useQuery } from '@tanstack/react-query'
import { Link, getRouteApi } from '@tanstack/react-router'
import { ledgerQueries } from '../../api/ledger-queries.ts'
import { Dim } from '../../parts/dim.tsx'
import { Facts } from '../../parts/facts.tsx'
import { PageHeader } from '../../parts/page-header.tsx'
import { Section, Sections } from '../../parts/section.tsx'
import { Answer } from '../../parts/states.tsx'
import { Moment } from '../../parts/times.tsx'
import { Word } from '../../parts/word.tsx'
import classes from './ledger.module.css'

const route = getRouteApi('/signed-in/ledger/$index')

/** One entry: the bytes that were hashed, and the hashes that lead from it to a signed checkpoint. */
export function EntryPage() {
  const { index } = route.useParams()
  const entry = useQuery(ledgerQueries.entry(index))
  return (
    <>
      <PageHeader title={`Entry ${index}`} />
      <Answer query={entry} what="Entry">
        {(found) => <Entry entry={found} />}
      </Answer>
    </>
  )
}

function Entry({ entry }: { readonly entry: ProvenEntry }) {
  const { index, gateway, seq, at, type, line, proof, checkpoint } = entry
  const request = /"request":"(req-[a-z0-9]+)"/.exec(line)?.[1]
  return (
    <Sections underHeader>
      <Section label="Entry" framed>
        <Facts
          facts={[
            ['type', <code key="type">{type}</code>],
            ['when', <Moment key="at" at={at} />],
            ['gateway', <code key="gateway">{gateway}</code>],
            ['number', `${seq} of that gateway, ${index} of the tree`],
            [
              'proof',
              proof ? (
                <Word key="proof" tone="good" icon={CheckCircledIcon}>
                  under a signed checkpoint
                </Word>
              ) : (
                <Word key="proof" tone="waiting" icon={ClockIcon}>
                  no checkpoint covers it yet
                </Word>
              ),
            ],
            ['verify', <code key="verify">{request ? `countersign ledger proof ${request} -o receipt.json` : 'countersign ledger verify --data DIR'}</code>],
          ]}
        />
      </Section>
      <Section title="Content">
        <Dim>What people typed is sealed: an entry has a commitment to it, and who has the gateway&apos;s keys can open it.</Dim>
        <pre className={classes.bytes} tabIndex={0} aria-label="Content of the entry">
          {JSON.stringify(JSON.parse(line), null, 2)}
        </pre>
        <details>
          <summary>The very bytes that were hashed</summary>
          <pre className={classes.bytes} tabIndex={0} aria-label="Bytes of the entry">
            {line}
          </pre>
        </details>
      </Section>
      {proof && checkpoint && (
        <Section title="Proof">
          <Dim>The hashes beside its way up to the root (RFC 9162, section 2.1.3), and the checkpoint that signs that root.</Dim>
          <ol className={classes.hashes}>
            {proof.map((hash) => (
              <li key={hash}>
                <code>{hash}</code>
              </li>
            ))}
          </ol>
          <pre className={classes.bytes} tabIndex={0} aria-label="Checkpoint">
            {checkpoint}
          </pre>
        </Section>
      )}
      <p>
        <Link to="/ledger">To the ledger</Link>
      </p>
    </Sections>
  )
}
