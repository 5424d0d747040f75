import { notifications } from '@mantine/notifications'
import type { Request } from '@countersign/contract/schemas/request'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { client } from '../../api/client.ts'
import { queries } from '../../api/queries.ts'
import { bodyOf, type Choice, firstChoice } from './given.ts'

export interface Approval {
  readonly choice: Choice
  readonly comment: string
}

/** Sends a review. What it did to the request is shown at once; where somebody else was first, what he did is. */
export function useReview(request: Request, onReviewed?: () => void) {
  const cache = useQueryClient()
  const settle = {
    onSuccess: (reviewed: Request) => {
      cache.setQueryData(queries.request(reviewed.id).queryKey, reviewed)
      void cache.invalidateQueries({ queryKey: ['requests'] })
      notifications.show({ message: inWords(reviewed), autoClose: 4_000 })
      onReviewed?.()
    },
    onError: () => void cache.invalidateQueries({ queryKey: queries.request(request.id).queryKey }),
  }
  const approval = useMutation({ mutationFn: (approval: Approval) => sendApproval(request, approval), ...settle })
  const denial = useMutation({ mutationFn: ({ comment }: { readonly comment: string }) => client.deny({ id: request.id, comment }), ...settle })
  return { approve: approval.mutate, deny: denial.mutate, error: approval.error ?? denial.error, busy: approval.isPending || denial.isPending }
}

/** What was asked for needs no words. */
export function sendApproval(request: Request, { choice, comment }: Approval): Promise<Request> {
  const asAsked = JSON.stringify(choice) === JSON.stringify(firstChoice(request))
  return client.approve({ id: request.id, ...(asAsked ? {} : bodyOf(choice)), ...(comment === '' ? {} : { comment }) })
}

function inWords({ id, status, needs }: Request): string {
  if (status === 'pending') return `${id}: your review counts; it still needs ${needs.missing ?? needs.text}`
  return `${id} is ${status}`
}
