import { CheckCircledIcon, CrossCircledIcon, ExclamationTriangleIcon } from '@radix-ui/react-icons'
import type { LedgerState } from '@countersign/contract/schemas/ledger'
import { useQuery } from '@tanstack/react-query'
import { ledgerQueries } from '../../api/ledger-queries.ts'
import { Facts } from '../../parts/facts.tsx'
import { Problems } from '../../parts/problems.tsx'
import { Section } from '../../parts/section.tsx'
import { Answer } from '../../parts/states.tsx'
import { Ago } from '../../parts/times.tsx'
import { Word } from '../../parts/word.tsx'

/** Whether the tree is signed, and how much of it somebody outside has seen. What a browser shows is no proof: the command that is one is named. */
export function State() {
  const state = useQuery(ledgerQueries.state)
  return (
    <Section label="State" framed>
      <Answer query={state} what="State">
        {(ledger) => (
          <>
            <Facts
              facts={[
                ['state', <Verdict key="state" ledger={ledger} />],
                ['tree', <code key="origin">{ledger.origin}</code>],
                ['entries', ledger.size.toLocaleString()],
                ['signed', <Signed key="signed" ledger={ledger} />],
                ['witnessed', <Witnessed key="witnessed" ledger={ledger} />],
                ['verify', <code key="verify">countersign ledger verify --data DIR</code>],
              ]}
            />
            {ledger.trouble.length > 0 && (
              <Problems>
                {ledger.trouble.map((line) => (
                  <li key={line}>{line}</li>
                ))}
              </Problems>
            )}
          </>
        )}
      </Answer>
    </Section>
  )
}

function Verdict({ ledger: { trouble, checkpoint, witnessed } }: { readonly ledger: LedgerState }) {
  if (trouble.length > 0)
    return (
      <Word tone="bad" icon={CrossCircledIcon}>
        something is wrong
      </Word>
    )
  if (!checkpoint || !witnessed)
    return (
      <Word tone="waiting" icon={ExclamationTriangleIcon}>
        {checkpoint ? 'signed, and no witness has seen it' : 'not signed yet'}
      </Word>
    )
  return (
    <Word tone="good" icon={CheckCircledIcon}>
      signed and witnessed
    </Word>
  )
}

function Signed({ ledger: { checkpoint, size } }: { readonly ledger: LedgerState }) {
  if (!checkpoint) return 'no checkpoint yet'
  const since = size - checkpoint.size
  return (
    <>
      {checkpoint.size.toLocaleString()} entries, <Ago at={checkpoint.at} />
      {since > 0 && `; ${since.toLocaleString()} since then`}
    </>
  )
}

function Witnessed({ ledger: { checkpoint, witnessed } }: { readonly ledger: LedgerState }) {
  if (!witnessed) return 'nobody outside has seen any of it'
  const window = (checkpoint?.size ?? 0) - witnessed.size
  return (
    <>
      {witnessed.size.toLocaleString()} entries, <Ago at={witnessed.at} />
      {window > 0 && `; when it was signed, ${window.toLocaleString()} were unwitnessed`}
    </>
  )
}
