import { Button } from '@mantine/core'
import { MagnifyingGlassIcon } from '@radix-ui/react-icons'
import { type FormEvent, type ReactNode, useEffect, useRef } from 'react'
import classes from './filter-form.module.css'

interface FilterFormProps<K extends string> {
  /** What the address says; empty for what it does not say. */
  readonly values: Readonly<Record<K, string>>
  readonly onChange: (values: Readonly<Record<K, string>>) => void
  /** Fields, each with a `name` that `values` has. */
  readonly children: ReactNode
  /** Ways of saying the same shorter, or what is said of what was found. */
  readonly aside?: ReactNode
}

/** Filters live in the address: the form only shows what it says, and changes it when it is sent. */
export function FilterForm<K extends string>({ values, onChange, children, aside }: FilterFormProps<K>) {
  const form = useRef<HTMLFormElement>(null)
  const names = Object.keys(values) as K[]
  const said = JSON.stringify(values)
  // Only where the address changed: an answer that comes while somebody types must not take what he typed.
  useEffect(() => {
    for (const [name, value] of Object.entries<string>(JSON.parse(said) as Record<string, string>)) {
      const field = form.current?.elements.namedItem(name)
      if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = value
    }
  }, [said])
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const textOf = (value: FormDataEntryValue | null) => (typeof value === 'string' ? value.trim() : '')
    onChange(Object.fromEntries(names.map((name) => [name, textOf(data.get(name))])) as Record<K, string>)
  }
  return (
    <form ref={form} className={classes.form} onSubmit={submit} role="search">
      {children}
      <div className={classes.buttons}>
        <Button type="submit" variant="default" leftSection={<MagnifyingGlassIcon />}>
          Show
        </Button>
        {names.some((name) => values[name] !== '') && (
          <Button variant="subtle" color="gray" onClick={() => onChange(Object.fromEntries(names.map((name) => [name, ''])) as Record<K, string>)}>
            Clear
          </Button>
        )}
      </div>
      {aside}
    </form>
  )
}
