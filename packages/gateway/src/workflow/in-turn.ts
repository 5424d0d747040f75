/** What is under way, by its key. */
const last = new Map<string, Promise<void>>()

/** Does what has the same key one after the other in this process, in the order of asking. */
export function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
  const mine = (last.get(key) ?? Promise.resolve()).then(work)
  const over: Promise<void> = mine.then(
    () => forget(key, over),
    () => forget(key, over),
  )
  last.set(key, over)
  return mine
}

function forget(key: string, over: Promise<void>): void {
  if (last.get(key) === over) last.delete(key)
}
