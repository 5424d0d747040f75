import { Button } from '@mantine/core'
import type { TokenInfo } from '@countersign/contract/schemas/token'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { client } from '../../api/client.ts'
import { queries } from '../../api/queries.ts'
import { Answer, Empty, Failed } from '../../parts/states.tsx'
import { Ago, Left } from '../../parts/times.tsx'
import { useMe } from '../../shell/me.ts'
import { NewToken } from './new-token.tsx'
import classes from './profile.module.css'

/** The reader's tokens: what clients on the command line and programs prove him with. */
export function Tokens() {
  const me = useMe()
  const tokens = useQuery(queries.tokens)
  const [making, make] = useDisclosure(false)
  return (
    <section className={classes.section} aria-labelledby="tokens">
      <div className={classes.head}>
        <h2 id="tokens">Tokens</h2>
        <Button size="xs" variant="default" onClick={make.open}>
          Make a token
        </Button>
      </div>
      <p className={classes.dim}>A token is the password of psql and other clients, and what programs and agents act with.</p>
      {making && <NewToken onDone={make.close} />}
      <Answer query={tokens} what="Tokens">
        {(all) => {
          const mine = all.filter(({ user, revokedAt }) => user === me.user && revokedAt === null)
          if (mine.length === 0) return <Empty title="You have no token" />
          return (
            <ul className={classes.list}>
              {mine.map((token) => (
                <Token key={token.id} token={token} />
              ))}
            </ul>
          )
        }}
      </Answer>
    </section>
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
    <li>
      <span className={classes.what}>
        {name ?? <code>{id}</code>}
        {agent !== null && `, for ${agent}`}
        {mayReview && ', may review'}
        <br />
        <span className={classes.dim}>
          {scopeInWords(token)};{' '}
          {lastUsedAt === null ? (
            'never used'
          ) : (
            <>
              used <Ago at={lastUsedAt} />
            </>
          )}
          ; <Left until={expiresAt} />
        </span>
      </span>
      <Button size="xs" variant="default" loading={revocation.isPending} onClick={() => revocation.mutate()} aria-label={`Revoke ${name ?? id}`}>
        Revoke
      </Button>
      {revocation.isError && <Failed error={revocation.error} />}
    </li>
  )
}

function scopeInWords({ scope }: TokenInfo): string {
  if (scope === null) return 'all that you may'
  return [scope.actions?.join(', ') ?? 'any action', `on ${scope.resources?.join(', ') ?? 'every resource'}`].join(' ')
}
