import { Checkbox, Table } from '@mantine/core'
import type { NotificationChoices, Notifications } from '@countersign/contract/schemas/notification'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { client } from '../../api/client.ts'
import { queries } from '../../api/queries.ts'
import { Dim } from '../../parts/dim.tsx'
import { duration } from '../../parts/durations.ts'
import { Section } from '../../parts/section.tsx'
import { Answer, Failed } from '../../parts/states.tsx'
import { Browsers } from './browsers.tsx'
import { QuietHours } from './quiet-hours.tsx'
import { Trial } from './trial.tsx'

const KINDS = {
  review: 'A request waits for my review',
  decided: 'A request of mine was decided',
  ending: 'My access ends soon',
  revoked: 'My access was taken back',
  ledger: 'Something is wrong with the ledger',
} as const
type Kind = keyof typeof KINDS

/** By what the reader wants to be told of what. */
export function Told() {
  const told = useQuery(queries.notifications)
  return (
    <Section title="Being told" roomy>
      <Answer query={told} what="Your choices">
        {(notifications) => <Choices notifications={notifications} />}
      </Answer>
    </Section>
  )
}

function Choices({ notifications }: { readonly notifications: Notifications }) {
  const { kinds, quiet, channels, repeat } = notifications
  const cache = useQueryClient()
  const choosing = useMutation({
    mutationFn: (choices: NotificationChoices) => client.setNotifications(choices),
    onSuccess: (chosen) => cache.setQueryData(queries.notifications.queryKey, chosen),
  })
  const choose = (kind: Kind, channel: 'email' | 'push', on: boolean) =>
    choosing.mutate({ quiet, kinds: { ...kinds, [kind]: { ...kinds[kind], [channel]: on } } })
  return (
    <>
      <Table.ScrollContainer minWidth={300}>
        <Table verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>What</Table.Th>
              <Table.Th>E-mail</Table.Th>
              <Table.Th>Browser</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {(Object.keys(KINDS) as Kind[]).map((kind) => (
              <Table.Tr key={kind}>
                <Table.Td>{KINDS[kind]}</Table.Td>
                {(['email', 'push'] as const).map((channel) => (
                  <Table.Td key={channel}>
                    <Checkbox
                      aria-label={`${KINDS[kind]}: ${channel === 'email' ? 'by e-mail' : 'in the browser'}`}
                      checked={kinds[kind][channel]}
                      disabled={choosing.isPending}
                      onChange={(event) => choose(kind, channel, event.currentTarget.checked)}
                    />
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {choosing.isError && <Failed error={choosing.error} />}
      <Dim>
        {channels.email.unavailable === null ? `E-mail goes to ${channels.email.address ?? 'your address'}.` : `By e-mail: ${channels.email.unavailable}.`} What
        still waits is told again after {duration(repeat.everyMs)}, {repeat.times} times at most.
      </Dim>
      <Browsers unavailable={channels.push.unavailable} />
      <Trial />
      <QuietHours quiet={quiet} onChoose={(hours) => choosing.mutate({ kinds, quiet: hours })} />
    </>
  )
}
