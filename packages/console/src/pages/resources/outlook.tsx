import { CheckCircledIcon, CircleBackslashIcon, PersonIcon } from '@radix-ui/react-icons'
import { Word } from '../../parts/word.tsx'

/** What policy says to a kind of action: it runs by itself, after a review, or never. */
export function Outlook({ outlook }: { readonly outlook: string }) {
  const [tone, icon] =
    outlook === 'runs'
      ? (['good', CheckCircledIcon] as const)
      : outlook === 'never'
        ? (['dim', CircleBackslashIcon] as const)
        : (['waiting', PersonIcon] as const)
  return (
    <Word tone={tone} icon={icon} unbroken>
      {outlook}
    </Word>
  )
}
