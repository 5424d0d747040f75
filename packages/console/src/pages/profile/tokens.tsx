import { Button } from '@mantine/core'
import type { TokenInfo } from '@countersign/contract/schemas/token'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { client } from '../../api/client.ts'
import { queries } from '../../api/queries.ts'
import { Dim } from '../../parts/dim.tsx'
import { Rows } from '../../parts/rows.tsx'
import { Section } from '../../parts/section.tsx'
import { Answer, Empty, Failed } from '../../parts/states.tsx'
import { Ago, Left } from '../../parts/times.tsx'
import { scopeInWords } from '../../parts/token-scope.ts'
import { useMe } from '../../shell/me.ts'
import { NewToken } from './new-token.tsx'
import classes from './profile.module.css'

/** The reader's tokens: what clients on the command line and programs prove him with. */
export function Tokens() {
  const me = useMe()
  const tokens = useQuery(queries.tokens)
  const [making, make] = useDisclosure(false)
  return (
    <Section
      title="Tokens"
      aside={
        <Button size="xs" variant="default" onClick={make.open}>
          Make a token
        </Button>
      }
      roomy
    >
      <Dim>A token is the password of psql and other clients, and what programs and agents act with.</Dim>
      {making && <NewToken onDone={make.close} />}
      <Answer query={tokens} what="Tokens">
        {(all) => {
          const mine = all.filter(({ user, revokedAt }) => user === me.user && revokedAt === null)
          if (mine.length === 0) return <Empty title="You have no token" />
          return (
            <Rows>
              {mine.map((token) => (
                <Token key={token.id} token={token} />
              ))}
            </Rows>
          )
        }}
      </Answer>
    </Section>
  )
}

function Token({ token }: { readonly token: TokenInfo }) {
  const { id, name, agent, mayReview, expiresAt, lastUsedAt } = token
  const cache = useQueryClient()
  const revocation = useMutation({
    mutationFn: () => client.revokeToken({ id }),
    onSuccess: () => cache.invalidateQueries({ queryKey: queries.tokens.queryKey }),
  })
  return (
    <li className={classes.row}>
      <span className={classes.what}>
        {name ?? <code>{id}</code>}
        {agent !== null && `, for ${agent}`}
        {mayReview && ', may review'}
        <br />
        <Dim as="span">
          {scopeInWords(token, 'all that you may')};{' '}
          {lastUsedAt === null ? (
            'never used'
          ) : (
            <>
              used <Ago at={lastUsedAt} />
            </>
          )}
          ; <Left until={expiresAt} />
        </Dim>
      </span>
      <Button size="xs" variant="default" loading={revocation.isPending} onClick={() => revocation.mutate()} aria-label={`Revoke ${name ?? id}`}>
        Revoke
      </Button>
      {revocation.isError && <Failed error={revocation.error} />}
    </li>
  )
}
