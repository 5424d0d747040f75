import { Button, Menu } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { DownloadIcon } from '@radix-ui/react-icons'
import { useMutation } from '@tanstack/react-query'
import { client } from '../../api/client.ts'
import { download } from '../../parts/download.ts'

/** What a browser is asked to put into one file. `countersign ledger export` has no such end. */
const MOST_BYTES = 100 * 1024 * 1024
const FORMATS = { jsonl: 'Entries as they were hashed (JSONL)', ocsf: 'Events for a SIEM (OCSF)' } as const
type Format = keyof typeof FORMATS

interface Period {
  readonly from?: string | undefined
  readonly until?: string | undefined
}

/** Downloads the entries of the period that is chosen, or all. */
export function Export({ from, until }: Period) {
  const exporting = useMutation({
    mutationFn: (format: Format) => fileOf(format, { from, until }),
    onSuccess: ({ lines, isCut }, format) => {
      download(`ledger.${format}.jsonl`, new Blob(lines, { type: 'application/jsonl' }))
      if (isCut)
        notifications.show({
          color: 'yellow',
          title: 'This is only the beginning',
          message: 'The rest is more than a browser holds: countersign ledger export has all of it.',
        })
    },
    onError: (error) => notifications.show({ color: 'red', title: 'Nothing was exported', message: error.message }),
  })
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button variant="default" size="xs" leftSection={<DownloadIcon />} loading={exporting.isPending}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {(Object.keys(FORMATS) as Format[]).map((format) => (
          <Menu.Item key={format} onClick={() => exporting.mutate(format)}>
            {FORMATS[format]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

async function fileOf(format: Format, { from, until }: Period): Promise<{ readonly lines: string[]; readonly isCut: boolean }> {
  const lines: string[] = []
  let bytes = 0
  for (let index = 0; ;) {
    const page = await client.ledgerExport({ format, index, limit: 1_000, ...(from === undefined ? {} : { from }), ...(until === undefined ? {} : { until }) })
    for (const record of page.records) {
      lines.push(`${record}\n`)
      bytes += record.length
    }
    if (page.next >= page.size || page.next === index) return { lines, isCut: false }
    if (bytes > MOST_BYTES) return { lines, isCut: true }
    index = page.next
  }
}
