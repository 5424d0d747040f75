import { useQueryClient } from '@tanstack/react-query'
import { queries } from '../api/queries.ts'

export function useSignOut(): () => void {
  const cache = useQueryClient()
  return () => {
    cache.clear()
    cache.setQueryData(queries.whoami.queryKey, null)
  }
}
