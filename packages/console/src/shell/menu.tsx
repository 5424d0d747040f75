import { useQuery } from '@tanstack/react-query'
import { Link, useRouter } from '@tanstack/react-router'
import { peopleQueries } from '../api/people-queries.ts'
import { queries } from '../api/queries.ts'
import { useMe } from './me.ts'
import classes from './menu.module.css'

/** The pages that say that they have a place here (`staticData.menu`), in the router's order. */
export function Menu({ onChoose }: { readonly onChoose?: () => void }) {
  const me = useMe()
  const inbox = useQuery(queries.inbox)
  const passkeys = useQuery({ ...peopleQueries.waiting, enabled: me.admin })
  const counts: Readonly<Record<string, number>> = {
    '/': inbox.data?.length ?? 0,
    '/people': passkeys.data?.filter(({ reviewable }) => reviewable).length ?? 0,
  }
  const { routesByPath } = useRouter()
  return (
    <nav aria-label="Pages">
      <ul className={classes.list}>
        {Object.values(routesByPath).map(({ fullPath, options }) => {
          const menu = options.staticData?.menu
          if (!menu || menu.shownTo?.(me) === false) return null
          const waiting = counts[fullPath] ?? 0
          return (
            <li key={fullPath}>
              <Link to={fullPath} className={classes.link} activeOptions={{ exact: fullPath === '/' }} {...(onChoose ? { onClick: onChoose } : {})}>
                <menu.icon />
                {menu.label}
                {waiting > 0 && (
                  <span className={classes.count} aria-label={`${waiting} waiting`}>
                    {waiting}
                  </span>
                )}
              </Link>
            </li>
          )
        })}
      </ul>
    </nav>
  )
}
