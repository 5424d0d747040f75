/** The candidate that `word` was probably meant to be: at most a third of its letters differ. Null when none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const ranked = [...candidates].map((candidate) => ({ candidate, edits: distance(word.toLowerCase(), candidate.toLowerCase()) }))
  const best = ranked.sort((a, b) => a.edits - b.edits)[0]
  return best && best.edits <= Math.max(1, Math.floor(word.length / 3)) ? best.candidate : null
}

/** `; did you mean X?`, or which there are when nothing is near. */
export function suggestion(word: string, candidates: Iterable<string>): string {
  const known = [...candidates]
  const near = nearest(word, known)
  if (near !== null) return `; did you mean ${near}?`
  return known.length === 0 ? '' : `; known: ${known.slice(0, 20).join(', ')}${known.length > 20 ? ', …' : ''}`
}

/** Edit distance in which swapping two neighbouring letters is one edit (Damerau–Levenshtein, restricted). */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const at = (up: number, left: number) => (up === 0 ? row[j - left] : rows[i - up]?.[j - left]) ?? Infinity
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(2, 2) + 1 : Infinity
      row.push(Math.min(at(1, 0) + 1, at(0, 1) + 1, at(1, 1) + (a[i - 1] === b[j - 1] ? 0 : 1), swapped))
    }
    rows.push(row)
  }
  return rows[a.length]?.[b.length] ?? Infinity
}
