/** Rows that are read at once where not all of them may be seen. */
const PAGE = 500

interface Asked<T> {
  readonly most: number
  /** So many, newest first, that come after `last`; the very newest where that is null. */
  readonly read: (limit: number, last: T | null) => Promise<readonly T[]>
  readonly isSeen: (one: T) => boolean | Promise<boolean>
}

/** The newest that somebody may see: it is read on until there are so many, so that what is not for him takes the place of nothing. */
export async function newestSeen<T>({ most, read, isSeen }: Asked<T>): Promise<readonly T[]> {
  const found: T[] = []
  for (let [last, limit]: [T | null, number] = [null, most]; ; limit = PAGE) {
    const page = await read(limit, last)
    found.push(...(await seenAmong(page, isSeen)))
    last = page.at(-1) ?? null
    if (found.length >= most || page.length < limit) return found.slice(0, most)
  }
}

export async function seenAmong<T>(list: readonly T[], isSeen: Asked<T>['isSeen']): Promise<readonly T[]> {
  const seen = await Promise.all(list.map(async (one) => isSeen(one)))
  return list.filter((_, at) => seen[at])
}

/** Those of several lists, each once, the newest first. */
export function merged<T extends { readonly id: string }>(lists: readonly (readonly T[])[], at: (one: T) => number, most: number): readonly T[] {
  const all = [...new Map(lists.flat().map((one) => [one.id, one])).values()]
  return all.toSorted((one, other) => at(other) - at(one) || (one.id < other.id ? 1 : -1)).slice(0, most)
}
