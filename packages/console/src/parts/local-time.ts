const two = (value: number) => String(value).padStart(2, '0')

/** A moment (ISO 8601, UTC) as a field of type `datetime-local` has it, in the reader's time zone. Empty for none. */
export function localOf(moment: string | undefined): string {
  const at = new Date(moment ?? '')
  if (Number.isNaN(at.getTime())) return ''
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`
}

/** And back. */
export function momentOf(local: string): string {
  const at = new Date(local)
  return local === '' || Number.isNaN(at.getTime()) ? '' : at.toISOString()
}
