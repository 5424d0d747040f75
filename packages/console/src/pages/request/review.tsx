import { Alert, Button, Kbd, Textarea } from '@mantine/core'
import { InfoCircledIcon } from '@radix-ui/react-icons'
import type { Request } from '@countersign/contract/schemas/request'
import { useMemo, useRef, useState } from 'react'
import { Section } from '../../parts/section.tsx'
import { Failed } from '../../parts/states.tsx'
import { useMe } from '../../shell/me.ts'
import { useShortcuts } from '../../shell/shortcuts.tsx'
import { GivenChoice } from './given-choice.tsx'
import { type Choice, firstChoice } from './given.ts'
import classes from './request-view.module.css'
import { whyNot } from './rules.ts'
import { Signing } from './signing.tsx'
import { useReview } from './use-review.ts'
import { Withdraw } from './withdraw.tsx'

interface ReviewProps {
  readonly request: Request
  /** Nobody approves what he was not shown the whole of. */
  readonly whole: boolean
  readonly onReviewed?: () => void
}

/** The reader's answer: approve, as wide as he likes up to what policy lets, or deny with a comment. */
export function Review(props: ReviewProps) {
  const me = useMe()
  const { request } = props
  if (request.status !== 'pending') return null
  const obstacle = whyNot(me, request)
  if (obstacle === null) return <Answering {...props} />
  return (
    <>
      <Alert color="gray" variant="outline" icon={<InfoCircledIcon />}>
        {obstacle}
      </Alert>
      {request.requester.user === me.user && <Withdraw request={request} />}
    </>
  )
}

function Answering({ request, whole, onReviewed }: ReviewProps) {
  const [choice, setChoice] = useState<Choice>(() => firstChoice(request))
  const [comment, setComment] = useState('')
  const [wantsComment, setWantsComment] = useState(false)
  const field = useRef<HTMLTextAreaElement>(null)
  const { approve, deny, error, busy, signing } = useReview(request, onReviewed)

  const approving = () => {
    if (whole && !busy) approve({ choice, comment: comment.trim() })
  }
  const denying = () => {
    if (busy) return
    if (comment.trim() !== '') return deny({ comment: comment.trim() })
    setWantsComment(true)
    field.current?.focus()
  }
  const latest = useRef({ approving, denying })
  latest.current = { approving, denying }
  useShortcuts(
    useMemo(
      () => [
        { key: 'a', does: 'Approve the request that is shown, as chosen', run: () => latest.current.approving() },
        { key: 'd', does: 'Deny it: a comment is needed', run: () => latest.current.denying() },
      ],
      [],
    ),
  )

  return (
    <Section title="Your review" framed roomy>
      <GivenChoice request={request} choice={choice} onChoose={setChoice} />
      <Textarea
        ref={field}
        label="Comment"
        description="The requester is shown it. A denial needs one."
        autosize
        minRows={2}
        maxRows={8}
        maxLength={4_000}
        value={comment}
        error={wantsComment && comment.trim() === '' ? 'Say why it is denied.' : undefined}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      {!whole && <p className={classes.warning}>Show all of the statement before you approve it.</p>}
      <div className={classes.buttons}>
        <Button onClick={approving} loading={busy} disabled={!whole} rightSection={<Kbd size="xs">a</Kbd>}>
          {request.sign ? 'Approve and sign' : 'Approve'}
        </Button>
        <Button onClick={denying} disabled={busy} variant="default" rightSection={<Kbd size="xs">d</Kbd>}>
          Deny
        </Button>
      </div>
      {error && <Failed error={error} />}
      {signing && <Signing {...signing} />}
    </Section>
  )
}
