/** What is answered later than that is not waited for: rejects with `why`. The question goes on; whoever asked ends it, or its connection. */
export async function within<T>(ms: number, answer: Promise<T>, why: string): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(why)), ms)
  try {
    return await Promise.race([answer, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
