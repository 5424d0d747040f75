import type { Person, PersonSaid } from '@countersign/contract/schemas/passkey'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { peopleQueries } from '../../api/people-queries.ts'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { Facts } from '../../parts/facts.tsx'
import { PageHeader } from '../../parts/page-header.tsx'
import { Section, Sections } from '../../parts/section.tsx'
import { Seen } from '../../parts/seen.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Left } from '../../parts/times.tsx'
import { useMe } from '../../shell/me.ts'
import classes from '../people/people.module.css'
import { PersonState } from '../people/person-state.tsx'
import { duties, sourceInWords } from '../people/words.ts'
import { MayAct } from './may-act.tsx'
import { PersonPasskeys } from './person-passkeys.tsx'
import { PersonSignIns } from './person-sign-ins.tsx'
import { PersonTokens } from './person-tokens.tsx'

const route = getRouteApi('/signed-in/people/$name')

/** One person: what makes him what he is here, and all that he comes in with. */
export function PersonPage() {
  const { name } = route.useParams()
  const me = useMe()
  const people = useQuery(peopleQueries.everybody)
  const person = people.data?.find((each) => each.name === name)
  return (
    <>
      <PageHeader title={name}>{person && me.admin && <MayAct person={person} />}</PageHeader>
      <Answer query={people} what="Person">
        {() => (person ? <PersonView person={person} key={name} /> : <Empty title="There is nobody of that name" />)}
      </Answer>
    </>
  )
}

function PersonView({ person }: { readonly person: Person }) {
  const { name, displayName, email, groups, said } = person
  return (
    <Sections underHeader>
      <Section framed label="What he is here">
        <Facts
          facts={[
            ['state', <PersonState key="state" person={person} />],
            displayName === null ? null : ['called', <Seen key="called" text={displayName} />],
            email === null ? null : ['e-mail', <Seen key="email" text={email} />],
            ['groups', groups.length === 0 ? 'none' : <Seen key="groups" text={groups.join(', ')} />],
            ['duties', duties(person) || 'none'],
          ]}
        />
      </Section>
      {person.adminWaits && <p>A source makes him an admin. He is one once another admin has agreed to the passkeys that he made before.</p>}
      <nav aria-label="More of this person" className={classes.links}>
        <Link to="/sessions" search={{ show: 'past', user: name }}>
          Sessions
        </Link>
        <Link to="/ledger" search={{ person: name }}>
          Ledger
        </Link>
        <Link to="/policies" search={{ show: 'access', user: name }}>
          What policy lets him do
        </Link>
      </nav>
      <Section title="Who says so">
        <DataTable label="What each source says" rows={said} keyOf={({ source }) => source} columns={SAID} />
      </Section>
      <PersonPasskeys person={person} />
      <PersonSignIns user={name} />
      <PersonTokens user={name} />
    </Sections>
  )
}

const SAID: readonly Column<PersonSaid>[] = [
  { name: 'Source', show: ({ source }) => sourceInWords(source) },
  { name: 'Groups', show: ({ groups }) => (groups.length === 0 ? 'none' : <Seen text={groups.join(', ')} />) },
  { name: 'Duties', show: (said) => duties(said) || 'none' },
  { name: 'Disabled', show: ({ active, disabledBy }) => (active ? 'no' : disabledBy === null ? 'yes' : `by ${disabledBy}`) },
  { name: 'Believed', show: ({ until }) => (until === null ? 'until it says otherwise' : <Left until={until} />) },
]
