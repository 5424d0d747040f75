import { Button, NativeSelect, TextInput } from '@mantine/core'
import type { Person } from '@countersign/contract/schemas/passkey'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { peopleQueries } from '../../api/people-queries.ts'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { Dim } from '../../parts/dim.tsx'
import { FilterForm } from '../../parts/filter-form.tsx'
import { Seen } from '../../parts/seen.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { matches } from './matches.ts'
import { ONLY } from './only.ts'
import { PersonState } from './person-state.tsx'
import { duties, sourceInWords } from './words.ts'

const route = getRouteApi('/signed-in/people')

/** So many rows are made at once: a directory may have provisioned thousands. */
const PAGE = 200

/** Everybody whom the gateway knows, or those whom the address leaves. */
export function Everybody() {
  const { text = '', group = '', only } = route.useSearch()
  const navigate = route.useNavigate()
  const [most, setMost] = useState(PAGE)
  const people = useQuery(peopleQueries.everybody)
  return (
    <>
      <FilterForm
        values={{ text, group, only: only ?? '' }}
        onChange={(wanted) => {
          setMost(PAGE)
          void navigate({ search: Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== '')) })
        }}
      >
        <TextInput name="text" label="Name or e-mail" placeholder="alice" />
        <TextInput name="group" label="Group" placeholder="dba" />
        <NativeSelect name="only" label="Only" data={[{ value: '', label: 'everybody' }, ...ONLY]} />
      </FilterForm>
      <Answer query={people} what="People">
        {(all) => {
          const found = all.filter((person) => matches(person, { text, group, only }))
          if (found.length === 0) return <Empty title={all.length === 0 ? 'Nobody is known here' : 'There is nobody like that'} />
          return (
            <>
              <DataTable label="People" rows={found.slice(0, most)} keyOf={({ name }) => name} columns={COLUMNS} />
              {found.length > most && (
                <Button variant="default" mt="sm" onClick={() => setMost(most + PAGE)}>
                  Show more of {found.length}
                </Button>
              )}
            </>
          )
        }}
      </Answer>
    </>
  )
}

const COLUMNS: readonly Column<Person>[] = [
  {
    name: 'Person',
    show: ({ name, displayName }) => (
      <span>
        <Link to="/people/$name" params={{ name }}>
          <Seen text={name} />
        </Link>
        {displayName !== null && (
          <Dim as="div" small>
            <Seen text={displayName} />
          </Dim>
        )}
      </span>
    ),
  },
  { name: 'Groups', show: ({ groups }) => (groups.length === 0 ? <Dim as="span">none</Dim> : <Seen text={groups.join(', ')} />) },
  { name: 'Duties', show: (person) => duties(person) || <Dim as="span">none</Dim> },
  { name: 'Known from', show: ({ sources }) => sources.map(sourceInWords).join(', ') },
  { name: 'Passkeys', show: ({ passkeys }) => passkeys, numeric: true },
  { name: 'State', show: (person) => <PersonState person={person} /> },
]
