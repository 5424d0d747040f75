import classes from './overview.module.css'

export type Tone = 'good' | 'bad' | 'waiting' | 'dim' | 'accent'

/** Which colour is what. */
export function Legend({ parts }: { readonly parts: readonly { readonly name: string; readonly tone: Tone; readonly said?: string }[] }) {
  return (
    <ul className={classes.legend}>
      {parts.map(({ name, tone, said }) => (
        <li key={name}>
          <span className={classes.swatch} data-tone={tone} aria-hidden="true" />
          {name}
          {said !== undefined && <b>{said}</b>}
        </li>
      ))}
    </ul>
  )
}
