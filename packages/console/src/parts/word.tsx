import type { ComponentType, ReactNode } from 'react'
import classes from './word.module.css'

interface WordProps {
  readonly tone: 'good' | 'bad' | 'waiting' | 'dim'
  readonly icon: ComponentType
  readonly unbroken?: true
  readonly children: ReactNode
}

/** A state in one word: icon, word and colour say the same. */
export function Word({ tone, icon: Icon, unbroken, children }: WordProps) {
  return (
    <span className={classes.word} data-tone={tone} data-unbroken={unbroken}>
      <Icon />
      {children}
    </span>
  )
}
