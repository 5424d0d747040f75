import { Table } from '@mantine/core'
import type { Parameter } from '@countersign/contract/schemas/action'
import { Seen } from '../../parts/seen.tsx'
import classes from './request-view.module.css'

/** Bound values as they crossed the wire. */
export function Parameters({ parameters }: { readonly parameters: readonly Parameter[] }) {
  if (parameters.length === 0) return null
  return (
    <Table className={classes.table} withTableBorder verticalSpacing={4}>
      <Table.Caption>Values of parameters</Table.Caption>
      <Table.Tbody>
        {parameters.map((parameter, index) => (
          <Table.Tr key={index}>
            <Table.Th w="4rem" scope="row">
              ${index + 1}
            </Table.Th>
            <Table.Td>
              <Value {...parameter} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

function Value({ value, format, withheld }: Parameter) {
  if (withheld) return <em>withheld: policy calls it a secret</em>
  if (value === null) return <em>NULL</em>
  return (
    <>
      {format === 'binary' && <em>binary </em>}
      <Seen text={value} />
    </>
  )
}
