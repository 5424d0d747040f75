import { notifications } from '@mantine/notifications'
import type { Request, ToSign } from '@countersign/contract/schemas/request'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../../api/client.ts'
import { assertion } from '../../api/passkeys.ts'
import { queries } from '../../api/queries.ts'
import { bodyOf, type Choice, firstChoice } from './given.ts'

export interface Approval {
  readonly choice: Choice
  readonly comment: string
}

/** An approval that is to be signed before it is given. */
interface Pending {
  readonly approval: Approval
  readonly toSign: ToSign
}

/** Sends a review. What it did to the request is shown at once; where somebody else was first, what he did is. */
export function useReview(request: Request, onReviewed?: () => void) {
  const cache = useQueryClient()
  const [pending, setPending] = useState<Pending | null>(null)
  const settle = {
    onSuccess: (reviewed: Request) => {
      setPending(null)
      cache.setQueryData(queries.request(reviewed.id).queryKey, reviewed)
      void cache.invalidateQueries({ queryKey: ['requests'] })
      notifications.show({ message: inWords(reviewed), autoClose: 4_000 })
      onReviewed?.()
    },
    onError: () => void cache.invalidateQueries({ queryKey: queries.request(request.id).queryKey }),
  }
  const approval = useMutation({ mutationFn: (given: Approval) => sendApproval(request, given), ...settle })
  const denial = useMutation({ mutationFn: ({ comment }: { readonly comment: string }) => client.deny({ id: request.id, comment }), ...settle })
  const showing = useMutation({
    mutationFn: async (given: Approval): Promise<Pending> => ({ approval: given, toSign: await client.toSign({ id: request.id, ...saying(request, given) }) }),
    onSuccess: setPending,
  })
  const signing = useMutation({ mutationFn: (signed: Pending) => sendSigned(request, signed), ...settle })
  return {
    approve: request.sign ? showing.mutate : approval.mutate,
    deny: denial.mutate,
    error: approval.error ?? denial.error ?? showing.error,
    busy: approval.isPending || denial.isPending || showing.isPending,
    /** What is to be signed, once it is known; null where nothing is. */
    signing: pending && {
      toSign: pending.toSign,
      busy: signing.isPending,
      error: signing.error,
      onSign: () => signing.mutate(pending),
      onClose: () => setPending(null),
    },
  }
}

export function sendApproval(request: Request, approval: Approval): Promise<Request> {
  return client.approve({ id: request.id, ...saying(request, approval) })
}

async function sendSigned(request: Request, { approval, toSign: { before, options } }: Pending): Promise<Request> {
  return client.approve({ id: request.id, ...saying(request, approval), signature: { before, credential: await assertion(options) } })
}

/** What was asked for needs no words. */
function saying(request: Request, { choice, comment }: Approval) {
  const asAsked = JSON.stringify(choice) === JSON.stringify(firstChoice(request))
  return { ...(asAsked ? {} : bodyOf(choice)), ...(comment === '' ? {} : { comment }) }
}

function inWords({ id, status, needs }: Request): string {
  if (status === 'pending') return `${id}: your review counts; it still needs ${needs.missing ?? needs.text}`
  return `${id} is ${status}`
}
