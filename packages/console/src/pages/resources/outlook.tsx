import { CheckCircledIcon, CircleBackslashIcon, PersonIcon } from '@radix-ui/react-icons'
import statusClasses from '../../parts/status.module.css'

/** What policy says to a kind of action: it runs by itself, after a review, or never. */
export function Outlook({ outlook }: { readonly outlook: string }) {
  const [tone, Icon] =
    outlook === 'runs'
      ? (['good', CheckCircledIcon] as const)
      : outlook === 'never'
        ? (['dim', CircleBackslashIcon] as const)
        : (['waiting', PersonIcon] as const)
  return (
    <span className={statusClasses.status} data-tone={tone}>
      <Icon />
      {outlook}
    </span>
  )
}
