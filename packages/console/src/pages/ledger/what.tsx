import type { FoundEvent } from '@countersign/contract/schemas/ledger'
import { Link } from '@tanstack/react-router'
import { Fragment } from 'react'
import { Dim } from '../../parts/dim.tsx'
import { shortId } from '../request/rules.ts'
import classes from './ledger.module.css'

/** A number that large is a time: 2001. */
const EARLIEST_MS = 1e12

/** What has a column of its own, or says nothing to people. */
const ELSEWHERE = new Set(['principal', 'requester', 'subject', 'resource', 'run', 'digest', 'at', 'policy'])

/** What an event says besides who and where, on a line; what has a page is a link. */
export function What({ event: { body } }: { readonly event: FoundEvent }) {
  return (
    <span className={classes.what}>
      {Object.entries(body).flatMap(([name, value]) => {
        const said = ELSEWHERE.has(name) ? null : wordOf(value)
        return said === null
          ? []
          : [
              <Fragment key={name}>
                <Dim as="span">{name}</Dim> <Value value={said} />{' '}
              </Fragment>,
            ]
      })}
    </span>
  )
}

function Value({ value }: { readonly value: string }) {
  if (/^req-[a-z0-9]+$/.test(value))
    return (
      <Link to="/r/$id" params={{ id: shortId(value) }}>
        {value}
      </Link>
    )
  if (/^ses-[a-z0-9]+$/.test(value))
    return (
      <Link to="/sessions/$id" params={{ id: value }}>
        {value}
      </Link>
    )
  return <span>{value}</span>
}

function wordOf(value: unknown): string | null {
  if (typeof value === 'string') return value === '' ? null : value
  if (typeof value === 'number' && value > EARLIEST_MS) return new Date(value).toISOString()
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string')) return value.join(', ')
  return null
}
